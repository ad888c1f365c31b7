namespace Stip.Gateway.Tests.Serving;

public sealed class SpeculationTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Post_TextThatRepeatsItself_SendsGuessesUnlessTheyAreTurnedOff(bool speculates)
    {
        await using var gateway = await RunningGateway.StartAsync(speculates: speculates);
        var (status, _) = await gateway.PostAsync("/v1/completions", new
        {
            model = "toy",
            prompt = "Once upon a time",
            temperature = 0,
            max_tokens = 48,
            ignore_eos = true,
            // The same token over and over.
            logit_bias = new Dictionary<string, int> { ["300"] = 100 },
        });

        Assert.Equal(200, status);
        Assert.Equal(speculates, gateway.Server.StepRows.Skip(1).Any(rows => rows > 1));
    }
}
