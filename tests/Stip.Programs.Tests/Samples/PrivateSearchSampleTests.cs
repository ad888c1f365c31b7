using Stip.EndToEnd.Kit;
using Stip.TestKit;
using Stip.TestKit.Processes;

namespace Stip.Programs.Tests.Samples;

/// <summary>The private search in .NET against a real server.</summary>
public sealed class PrivateSearchSampleTests(SharedServer shared)
{
    [Fact]
    public async Task Sample_FolderOfTexts_FindsWhatWasAskedFor()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.At("deeper"));
        await File.WriteAllTextAsync(
            folder.At("one.txt"), "A fox saw a crow.\n\nThe hare slept.\n", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            folder.At("deeper/two.md"), "The lion spared\nthe mouse.", TestContext.Current.CancellationToken);

        var run = await RunAsync(shared.Server.ApiKey, folder.Path, "The hare slept.", "The lion spared the mouse.");

        Assert.True(run.ExitCode == 0, run.Error);
        var lines = run.Output.ReplaceLineEndings("\n").Split('\n');
        Assert.Equal("  1.000  The hare slept.", lines[1]);
        Assert.Equal("  1.000  The lion spared the mouse.", lines[5]);
    }

    [Fact]
    public async Task Sample_WrongKey_SaysWhatIsWrong()
    {
        var run = await RunAsync("stip_wrong", Path.GetTempPath(), "anything");

        Assert.Equal(1, run.ExitCode);
        Assert.Single(run.Error.Trim().Split('\n'));
    }

    private async Task<ProgramRun> RunAsync(string key, string folder, params string[] queries)
    {
        var bundle = Path.Combine(await shared.PushedAsync("stories-sentence"), "client");
        return await ProgramRun.RunAsync(
            "Stip.Samples.PrivateSearch",
            [bundle, shared.Server.Endpoint.ToString(), folder, .. queries],
            environment: new Dictionary<string, string> { ["STIP_API_KEY"] = key },
            cancellationToken: TestContext.Current.CancellationToken);
    }
}
