using Stip.TestKit.Processes;

namespace Stip.Programs.Tests.Demo;

public sealed class DemoTests
{
    [Fact]
    public async Task Demo_OnThisMachine_IsExactAndLeavesNothing()
    {
        var before = Leftovers();

        var run = await ProgramRun.RunAsync(
            "Stip.Gateway", ["demo"], cancellationToken: TestContext.Current.CancellationToken);

        Assert.True(run.ExitCode == 0, run.Output + run.Error);
        Assert.Contains("A CROW having stolen a bit of meat", run.Output, StringComparison.Ordinal);
        Assert.Contains("Exact:", run.Output, StringComparison.Ordinal);
        Assert.Empty(Leftovers().Except(before));
    }

    private static string[] Leftovers() => Directory.GetDirectories(Path.GetTempPath(), "stip-demo-*");
}
