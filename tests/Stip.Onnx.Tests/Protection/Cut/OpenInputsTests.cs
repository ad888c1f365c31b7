using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection.Cut;

/// <summary>What is not shown to be a mask, a position or a length stays with the client, whatever the graph does with
/// it; what crosses by its name alone is said.</summary>
public sealed class OpenInputsTests : IDisposable
{
    private const int Hidden = 8;
    private const int Vocabulary = 11;
    private readonly SmallGraph _graph = new();
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Protect_OfIdsThatGateGivenFeatures_KeepsTheIdsWithTheClient()
    {
        Ids("input_ids");
        Layer(_graph.Input("inputs_embeds", "batch", "seq", Hidden), "first");
        Layer(Gated("first", "input_ids"), "second");

        Assert.DoesNotContain("input_ids", ServerInputs());
    }

    [Fact]
    public void Protect_OfSpeakersThatGateFeatures_KeepsThemWithTheClient()
    {
        Ids("input_ids");
        Ids("speaker");
        Layer(_graph.Add("Gather", "rows", _graph.Weight("table", Vocabulary, Hidden), "input_ids"), "first");
        Layer(Gated("first", "speaker"), "second");

        var inputs = ServerInputs();

        Assert.DoesNotContain("input_ids", inputs);
        Assert.DoesNotContain("speaker", inputs);
    }

    // A parser's parts of speech, of which its words are told, have a position's name.
    [Fact]
    public void Protect_OfPartsOfSpeech_KeepsThemWithTheClient()
    {
        Ids("words");
        Ids("pos");
        _graph.Add("Gather", "rows", _graph.Weight("table", Vocabulary, Hidden), "words");
        _graph.Add("Gather", "kinds", _graph.Weight("kind_table", Vocabulary, Hidden), "pos");
        Layer(_graph.Add("Add", "both", "rows", "kinds"), "first");
        Layer("first", "second");

        Assert.DoesNotContain("pos", ServerInputs());
    }

    [Fact]
    public void Protect_OfWordsAsOneHotVectors_KeepsThemWithTheClient()
    {
        // No table is looked up, and the name says nothing.
        Ids("text");
        _graph.Add("OneHot", "hot", "text", _graph.Integer(Vocabulary), _graph.Floats(0, 1));
        Layer(_graph.Add("MatMul", "rows", "hot", _graph.Weight("table", Vocabulary, Hidden)), "first");
        Layer("first", "second");

        Assert.DoesNotContain("text", ServerInputs());
    }

    [Fact]
    public void Protect_OfPositionsByName_SaysThatTheyCross()
    {
        TextGraph.Build(_graph);
        _graph.Save().Dispose();

        var made = Protect();

        Assert.Contains("in the clear between client and server: input 'position_ids'", made.Warnings);
    }

    public void Dispose()
    {
        _graph.Dispose();
        _folder.Dispose();
    }

    private void Ids(string name) => _graph.Graph.AddInput(name, TensorDtype.Int64, "batch", "seq");

    private string Gated(string features, string index) => _graph.Add(
        "Mul", "gated", features,
        _graph.Add("Gather", "gates", _graph.Weight("gate_table", Vocabulary, Hidden), index));

    private void Layer(string input, string name)
    {
        _graph.Add("MatMul", $"{name}_up", input, _graph.Weight($"{name}_w1", Hidden, 2 * Hidden));
        _graph.Add("Relu", $"{name}_active", $"{name}_up");
        _graph.Add("MatMul", $"{name}_down", $"{name}_active", _graph.Weight($"{name}_w2", 2 * Hidden, Hidden));
        _graph.Add("Add", name, $"{name}_down", input);
    }

    private string[] ServerInputs()
    {
        _graph.Add("MatMul", "logits", "second", _graph.Weight("head", Hidden, Vocabulary));
        _graph.Output("logits", "batch", "seq", Vocabulary);
        _graph.Save().Dispose();
        Assert.True(Protect().Verification!.Passed);
        using var cloud = ModelFile.Load(_folder.At("package", "cloud", "model.onnx"));
        return [.. cloud.Graph.Input.Select(input => input.Name)];
    }

    private ProtectionResult Protect() => PackageProtector.Protect(
        _graph.FilePath, _folder.At("package"), new ProtectionOptions("text"), new SeededRandom(3));
}
