using Stip.Programs.Tests.Conformance;
using Stip.TestKit.Processes;

namespace Stip.Programs.Tests.Samples;

/// <summary>The Semantic Kernel sample through a real gateway and server.</summary>
[Collection(ModelsGatewayCollection.Name)]
public sealed class SemanticKernelSampleTests(ModelsGateway gateway)
{
    private const string Sample = "Stip.Samples.SemanticKernel";

    [Fact]
    public async Task Sample_TwoTitles_TellsBothAndTheFirstAgain()
    {
        var run = await ProgramRun.RunAsync(
            Sample,
            [gateway.BaseUrl.ToString(), "stories", "The Fox and the Crow", "The Lion and the Mouse"],
            cancellationToken: TestContext.Current.CancellationToken);

        Assert.True(run.ExitCode == 0, run.Error);
        const string crow = "A CROW having stolen a bit of meat";
        Assert.StartsWith(crow, run.Output, StringComparison.Ordinal);
        Assert.Contains("\nA Lion lay asleep in the forest", run.Output, StringComparison.Ordinal);
        Assert.Contains($"\nonce more: {crow}", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sample_UnknownModel_SaysWhatIsWrong()
    {
        var run = await ProgramRun.RunAsync(
            Sample,
            [gateway.BaseUrl.ToString(), "nobody", "The Lion and the Mouse"],
            cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("model_not_found", run.Error, StringComparison.Ordinal);
    }
}
