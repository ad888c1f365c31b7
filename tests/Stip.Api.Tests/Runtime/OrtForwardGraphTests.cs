using System.Runtime.InteropServices;
using Stip.Api.Engine;
using Stip.Api.Engine.Forward;
using Stip.Api.Tests.Engine;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Api.Tests.Runtime;

/// <summary>A pass reads its inputs where they lie and leaves its outputs where the runtime put them.</summary>
public sealed class OrtForwardGraphTests : IDisposable
{
    private const int Width = 4;
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Outputs_WhenTheInputsWereOverwrittenAndTheGraphIsGone_AreStillThere()
    {
        var (data, values) = Numbers(3);
        using var outputs = Run(Load("Neg"), 3, data);
        data.AsSpan().Clear();

        Assert.Equal(values.Select(value => -value), Floats(outputs.Tensors["y"]));
    }

    // More than a run leaves to the next one in the runtime's arena.
    [Fact]
    public void Outputs_OfALargePass_AreThoseOfAnyOther()
    {
        const int Rows = (9 << 20) / Width / sizeof(float);
        var data = new byte[Rows * Width * sizeof(float)];
        MemoryMarshal.Cast<byte, float>(data.AsSpan()).Fill(2);
        using var outputs = Run(Load("Neg"), Rows, data);

        var floats = MemoryMarshal.Cast<byte, float>(outputs.Tensors["y"].Data.Span);
        Assert.Equal(Rows * Width, floats.Length);
        Assert.False(floats.ContainsAnyExcept(-2f));
    }

    [Theory]
    [InlineData("Identity")]
    [InlineData(null)]
    public void Output_ThatIsAnInputAsItIs_OutlastsTheInput(string? op)
    {
        var (data, values) = Numbers(3);
        using var outputs = Run(Load(op), 3, data);
        data.AsSpan().Clear();

        Assert.Equal(values, Floats(outputs.Tensors.Single().Value));
    }

    [Fact]
    public void Outputs_ThatWereDisposedOf_CannotBeRead()
    {
        var outputs = Run(Load("Neg"), 3, Numbers(3).Data);
        var tensor = outputs.Tensors["y"];
        outputs.Dispose();

        Assert.Throws<ObjectDisposedException>(() => tensor.Data.Span.Length);
    }

    [Fact]
    public void Part_OfOutputs_OutlastsTheOthers()
    {
        var (data, values) = Numbers(3);
        var outputs = Run(Load("Neg"), 3, data);
        var part = outputs.Share(outputs.Tensors);
        outputs.Dispose();
        outputs.Dispose();
        Assert.Equal(values.Select(value => -value), Floats(part.Tensors["y"]));
        part.Dispose();

        Assert.Throws<ObjectDisposedException>(() => part.Tensors["y"].Data.Span.Length);
    }

    public void Dispose() => _folder.Dispose();

    private static PassOutputs Run(IForwardGraph graph, int rows, byte[] data)
    {
        using (graph)
        {
            return graph.Run(new Dictionary<string, TensorPayload> { ["x"] = new("float32", [rows, Width], data) });
        }
    }

    private static (byte[] Data, float[] Values) Numbers(int rows)
    {
        var values = Enumerable.Range(1, rows * Width).Select(i => (float)i).ToArray();
        return (MemoryMarshal.AsBytes<float>(values).ToArray(), values);
    }

    private static float[] Floats(TensorPayload tensor) => MemoryMarshal.Cast<byte, float>(tensor.Data.Span).ToArray();

    // Without an operator the input itself is the output.
    private IForwardGraph Load(string? op)
    {
        var graph = new GraphBuilder("g");
        graph.AddInput("x", TensorDtype.Float32, "rows", Width);
        if (op is not null)
        {
            graph.Append("", op, "end", ["x"], ["y"]);
        }

        graph.AddOutput(op is null ? "x" : "y", TensorDtype.Float32, "rows", Width);
        var path = Path.Combine(_folder.Path, "model.onnx");
        graph.Save(path);
        return RealEngine.Runtime().LoadForward(path);
    }
}
