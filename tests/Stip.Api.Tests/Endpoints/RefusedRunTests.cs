using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol;
using Stip.Protocol.Completions;

namespace Stip.Api.Tests.Endpoints;

/// <summary>What a graph beside another cannot run is its caller's to know, and a line for the operator.</summary>
public sealed class RefusedRunTests
{
    [Theory]
    [InlineData("encoder", "the encoder cannot run a source of this length", 7, 1)]
    [InlineData("decoder", "the decoder's first step cannot run rows and a source of these lengths", 5, 3)]
    public async Task Start_ThatAGraphCannotRun_IsRefusedAndALineOfTheLog(
        string part, string said, int sourceRows, int rows)
    {
        var log = new LogLines();
        using var server = new ApiServer(("Serilog:MinimumLevel:Default", "Warning")) { Log = log };
        new TinySequence { HasPositions = part == "encoder", HasDecoderPositions = part == "decoder" }
            .WriteTo(server.PackageFolder("pair"));
        var request = new CompletionRequest("pair", Steps.Rows(9, 0, rows))
        {
            EncoderInputsEmbeds = Steps.Rows(1, 100, sourceRows),
        };

        using var answer = await server.Caller().PostAsync(StipRoutes.Completions, request);

        var error = await ApiCaller.RefusedAsync(answer, 400, "invalid_request");
        Assert.Contains(said, error.Detail, StringComparison.Ordinal);
        var line = Assert.Single(log.All, line => line.Contains("did not run", StringComparison.Ordinal));
        Assert.StartsWith($"\"pair\": its \"{part}\" did not run what was sent (", line, StringComparison.Ordinal);
        // Nothing of the runtime's own words, which quote inputs.
        Assert.DoesNotContain("node", line, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Start_OfASourceWithMoreStatesThanAreServed_IsRefusedAndALineOfTheLog()
    {
        var log = new LogLines();
        using var server = new ApiServer(("Serilog:MinimumLevel:Default", "Warning")) { Log = log };
        new TinySequence { GivesTwoRows = true }.WriteTo(server.PackageFolder("pair"));
        var caller = server.Caller();

        using var refused = await caller.PostAsync(StipRoutes.Completions, Start(9));

        var error = await ApiCaller.RefusedAsync(refused, 400, "invalid_request");
        Assert.Contains(
            "the encoder makes 18 rows of a source of 9, at most 17 are served", error.Detail,
            StringComparison.Ordinal);
        Assert.Single(log.All, line => line.Contains("more rows than are served", StringComparison.Ordinal));
        // Twice eight are eight more than there are.
        Assert.Equal(1, (await caller.StepAsync(Start(8))).Position);

        static CompletionRequest Start(int rows) => new("pair", Steps.Rows(9, 0, 1))
        {
            EncoderInputsEmbeds = Steps.Rows(1, 100, rows),
        };
    }
}
