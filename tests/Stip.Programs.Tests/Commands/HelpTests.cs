using Stip.TestKit.Processes;

namespace Stip.Programs.Tests.Commands;

/// <summary>Whoever asks a program what it is gets an answer, and nothing starts.</summary>
public sealed class HelpTests
{
    [Theory]
    [InlineData("Stip.Gateway", "stip [command] [options]")]
    [InlineData("onnx-export", "stip-export [command] [options]")]
    [InlineData("Stip.Api", "Stip.Api [--urls ADDRESSES]")]
    public async Task Help_OfEveryProgram_NamesItAsItIsInstalled(string project, string usage)
    {
        var run = await ProgramRun.RunAsync(
            project, ["--help"], cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Contains(usage, run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("ready on", run.Output, StringComparison.Ordinal);
    }
}
