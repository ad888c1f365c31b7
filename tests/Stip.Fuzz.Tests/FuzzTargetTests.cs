using Stip.Fuzz.Targets;
using Stip.TestKit;

namespace Stip.Fuzz.Tests;

/// <summary>A moment of every target; a longer run is <c>dotnet run --project tests/Stip.Fuzz -- all</c>.</summary>
public sealed class FuzzTargetTests
{
    private const int Inputs = 100;
    private static readonly TimeSpan MostTime = TimeSpan.FromSeconds(2);

    public static TheoryData<string> Targets()
    {
        using var targets = new AllTargets();
        return [.. targets.Names];
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void Parser_OfDamagedBytes_RefusesAsItSays(string name)
    {
        using var targets = new AllTargets();
        var target = targets.Make(name);
        Assert.NotEmpty(target.Seeds);
        Assert.All(target.Seeds, seed => Assert.NotEmpty(seed));
        new FuzzRun(target, seed: 7).Go(Inputs, MostTime);
    }

    /// <summary>What a longer run has found, and was mended since.</summary>
    [Theory]
    [MemberData(nameof(Found))]
    public void Input_OfAnEarlierFinding_IsRefusedOrTaken(string name, string input)
    {
        using var targets = new AllTargets();
        targets.Make(name).Refuse(Convert.FromBase64String(input));
    }

    public static TheoryData<string, string> Found()
    {
        var found = new TheoryData<string, string>();
        // Two pieces of one id, which the library of tokenizers does not take.
        found.Add("tokenizer-json", Finding("tokenizer-json-id-twice.json"));
        // Names with half a character.
        found.Add("config-json", Finding("config-json-half-a-character.json"));
        found.Add("template-settings", Finding("template-settings-half-a-character.json"));
        found.Add("refusal-json", Finding("refusal-json-half-a-name.json"));
        // A shard with a zero in its name, a permutation without a place in its file, a choice without logits.
        found.Add("shard-index", Finding("shard-index-zero-in-name.json"));
        found.Add("owner-keys", Finding("owner-keys-no-offsets.safetensors"));
        found.Add("answer-json", Finding("answer-json-no-logits.json"));
        // A file name with zeros in it.
        found.Add("onnx-model", Finding("onnx-model-zero-in-path.onnx"));
        // A file name with a zero in it, sealed as it should be.
        found.Add("sealed-bundle-sender", Finding("sealed-bundle-zero-in-path.json"));
        // The name of a field with half a character, and one that is no UTF-8: both were a 500 of the gateway.
        found.Add("openai-responses", Finding("openai-responses-half-a-name.json"));
        found.Add("openai-chat", Finding("openai-chat-no-utf8.json"));
        return found;
    }

    private static string Finding(string file) => Convert.ToBase64String(
        File.ReadAllBytes(RepositoryRoot.At("tests", "Stip.Fuzz", "Findings", file)));
}
