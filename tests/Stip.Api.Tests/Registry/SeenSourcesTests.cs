using System.Text.Json;
using Stip.Api.Registry.Packages;
using Stip.Protocol.Packages;

namespace Stip.Api.Tests.Registry;

/// <summary>Which encoders read rows of their own kind, beside a decoder of 32 numbers a row.</summary>
public sealed class SeenSourcesTests
{
    private const int Hidden = 32;

    [Theory]
    [InlineData("""[1,"rows",32]""", """[1,"rows",32]""", null)] // those of a text
    [InlineData("""[1,"rows",24]""", """[1,"rows",24]""", "24 24  ")] // as many rows, of another width
    [InlineData("""[1,16,32]""", """[1,16,32]""", "32 32 16 16")]
    [InlineData("""[1,"rows",48]""", """[1,8,32]""", "48 32 8 ")]
    public void Of_AnEncoderWithoutAMask_TellsWhatItTakesAndGives(string taken, string given, string? expected)
    {
        var encoder = new GraphManifest(
            "encoder.onnx", [new("inputs_embeds", "float32", Axes(taken))],
            [new("last_hidden_state", "float32", Axes(given))]);

        var states = SeenSources.Of(encoder, Hidden);

        Assert.Equal(
            expected, states is null ? null : $"{states.SourceWidth} {states.Width} {states.Rows} {states.SourceRows}");
    }

    private static JsonElement[] Axes(string shape) => JsonSerializer.Deserialize<JsonElement[]>(shape)!;
}
