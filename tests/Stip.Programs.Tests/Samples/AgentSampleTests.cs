using Stip.Programs.Tests.Conformance;
using Stip.TestKit.Processes;
using Stip.TestKit.Scripted;

namespace Stip.Programs.Tests.Samples;

/// <summary>Semantic Kernel's function calling through a real gateway and server.</summary>
[Collection(ModelsGatewayCollection.Name)]
public sealed class AgentSampleTests(ModelsGateway gateway)
{
    [Fact]
    public async Task Sample_Question_IsAnsweredFromWhatTheFunctionSaid()
    {
        var run = await RunAsync(AgentModel.Name);

        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal(
            $"(asked here: the weather in Oslo)\n{AgentModel.ColdAdvice}\n",
            run.Output.ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task Sample_ModelWithoutTools_SaysWhatIsWrong()
    {
        var run = await RunAsync("stories");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("unsupported_parameter", run.Error, StringComparison.Ordinal);
    }

    private Task<ProgramRun> RunAsync(string model) => ProgramRun.RunAsync(
        "Stip.Samples.Agent",
        [gateway.BaseUrl.ToString(), model, "What do I wear in Oslo?"],
        cancellationToken: TestContext.Current.CancellationToken);
}
