using System.Text.Json;
using Stip.EndToEnd.Kit;
using Stip.TestKit.Processes;

namespace Stip.Programs.Tests.Fixtures;

/// <summary>The numbers that commands of encoders print: to compare what two packages answer.</summary>
internal static class EncoderAnswers
{
    // float32 sums in another order, on outputs of scale 1 to 10
    private const float LargestDifference = 1e-4f;

    /// <summary>Vectors of <c>embed</c>, logits of <c>classify</c>, scores of candidates of <c>fill</c>.</summary>
    public static async Task<float[]> AskAsync(SharedServer shared, string package, string command, string[] texts)
    {
        var run = await ProgramRun.RunAsync(
            "Stip.Gateway",
            [
                command, "--bundle", package, "--endpoint", shared.Server.Endpoint.ToString(), "--api-key",
                shared.Server.ApiKey, "--json", .. texts,
            ],
            cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(run.ExitCode == 0, run.Error);
        using var answer = JsonDocument.Parse(run.Output);
        return command switch
        {
            "embed" => [.. answer.RootElement.GetProperty("embeddings").EnumerateArray().SelectMany(Floats)],
            "classify" => Floats(answer.RootElement.GetProperty("logits")),
            _ => [.. answer.RootElement.GetProperty("masks").EnumerateArray().SelectMany(mask =>
                mask.GetProperty("candidates").EnumerateArray().Select(word => word.GetProperty("score").GetSingle()))],
        };
    }

    /// <summary>Asserts that there are some, as many, and that they are the same.</summary>
    public static void AssertAlike(float[] expected, float[] actual)
    {
        Assert.NotEmpty(expected);
        Assert.Equal(expected.Length, actual.Length);
        Assert.All(expected.Zip(actual), pair =>
            Assert.InRange(MathF.Abs(pair.First - pair.Second), 0, LargestDifference));
    }

    private static float[] Floats(JsonElement numbers) =>
        [.. numbers.EnumerateArray().Select(number => number.GetSingle())];
}
