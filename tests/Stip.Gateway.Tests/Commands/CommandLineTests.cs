using Stip.Gateway.Profiles;
using Stip.TestKit;
using Stip.TestKit.Processes;
using Stip.TestKit.Toys;

namespace Stip.Gateway.Tests.Commands;

/// <summary>What the program says without a server.</summary>
public sealed class CommandLineTests
{
    [Theory]
    [InlineData("classify --image x.png", 2, "--bundle")]
    [InlineData("bundle seal --bundle somewhere --output elsewhere", 1, "STIP_PASSPHRASE")]
    [InlineData("bundle inspect nowhere", 1, "nowhere is not there")]
    [InlineData("bundle inspect", 1, "the bundle is missing")]
    [InlineData("complete Once", 2, "--bundle")]
    [InlineData("serve --bundle x --endpoint http://h --api-key k --port 70000", 2, "--port 70000 is outside 0..65535")]
    [InlineData("complete --bundle x --endpoint http://h Once", 2, "--api-key is missing")]
    [InlineData("complete --bundle x --endpoint http://h --api-key käse Once", 2, "--api-key holds")]
    [InlineData("complete --bundle nowhere --endpoint http://h --api-key k Once", 1, "nowhere is not there")]
    [InlineData("complete --bundle x --temperature warm Once", 2, "--temperature 'warm' is not a number in 0..100")]
    [InlineData("complete --bundle x --max-tokens 1.5 Once", 2, "--max-tokens '1.5' is not a number in 1..")]
    [InlineData("complete --bundle x --seed -5 Once", 2, "--seed '-5' is not a number in 0..")]
    [InlineData("serve --no-speculation --bundle nowhere --endpoint http://h --api-key k", 1, "nowhere is not there")]
    [InlineData("serve --bundle x --port http", 2, "--port 'http' is not a number in 0..65535")]
    [InlineData("fill --bundle x --top all Once", 2, "--top 'all' is not a number in 1..1000")]
    [InlineData("transcribe --audio x --bundle x --endpoint http://h --api-key k --timestamps", 2, "needs --json")]
    [InlineData("wish", 2, "wish")]
    public async Task Run_BadInput_SaysWhyAndEndsWithItsCode(string arguments, int exitCode, string expected)
    {
        var run = await RunAsync(arguments.Split(' '));

        Assert.Equal(exitCode, run.ExitCode);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.True(exitCode == 2 || run.Error.Trim().Split('\n').Length == 1, run.Error);
    }

    [Theory]
    [InlineData("--stop", "complete", "--bundle", "x", "--endpoint", "http://h", "--api-key", "k", "--stop", "", "Ah")]
    [InlineData("--image", "chat", "--bundle", "x", "--endpoint", "http://h", "--api-key", "k", "--image", "", "Ah?")]
    [InlineData("--output", "bundle", "seal", "--bundle", "x", "--output", "")]
    public async Task Run_EmptyValue_IsRefusedByItsOption(string option, params string[] arguments)
    {
        var run = await RunAsync(arguments);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains($"the value of {option} is empty", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_Help_NamesEveryCommand()
    {
        var run = await RunAsync("--help");

        Assert.Equal(0, run.ExitCode);
        foreach (var command in new[] { "demo", "chat", "complete", "serve", "bundle", "embed", "classify", "fill" })
        {
            Assert.Contains(command, run.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task BundleInspect_GoodBundle_SaysWhatItIsWithoutAKey()
    {
        using var folder = new TemporaryFolder();
        ToyBundle.Write(folder.Path, new ToyModel());

        var run = await RunAsync("bundle", "inspect", folder.Path);

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("toy (decoder)", run.Output, StringComparison.Ordinal);
        Assert.Contains(ToyBundle.Fingerprint, run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Complete_UnprotectedBundle_IsRefused()
    {
        using var folder = new TemporaryFolder();
        ToyBundle.Write(folder.Path, new ToyModel(), manifest => manifest["mode"] = "none");

        var run = await RunAsync(
            "complete", "--bundle", folder.Path, "--endpoint", "http://127.0.0.1:1", "--api-key", "k", "Once");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("--allow-unprotected", run.Error, StringComparison.Ordinal);
    }

    /// <summary>SDKs want an address with /v1, people write it without.</summary>
    [Theory]
    [InlineData("http://127.0.0.1:1", "http://127.0.0.1:1/v1", true)]
    [InlineData("http://127.0.0.1:1/v1", "http://127.0.0.1:1", true)]
    [InlineData("http://127.0.0.1:1/v1", "http://127.0.0.1:2", false)]
    public async Task Complete_AddressOfLoginWrittenInAnotherWay_TakesItsKey(string kept, string given, bool isSame)
    {
        using var folder = new TemporaryFolder();
        ToyBundle.Write(folder.Path, new ToyModel());
        new ProfileFile(folder.At("config/stip/profile.json")).Write(new Profile(new Uri(kept), "k"));

        var run = await ProgramRun.RunAsync(
            "Stip.Gateway", ["complete", "--bundle", folder.Path, "--endpoint", given, "Once"],
            environment: new Dictionary<string, string> { ["XDG_CONFIG_HOME"] = folder.At("config") },
            cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(1, run.ExitCode);
        Assert.Equal(!isSame, run.Error.Contains("the key of login is for", StringComparison.Ordinal));
    }

    private static Task<ProgramRun> RunAsync(params string[] arguments) => ProgramRun.RunAsync(
        "Stip.Gateway", arguments, cancellationToken: TestContext.Current.CancellationToken);
}
