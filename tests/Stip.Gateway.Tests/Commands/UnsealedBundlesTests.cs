using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Stip.Gateway.Commands;
using Stip.Keys.Sealing;
using Stip.TestKit;
using Stip.TestKit.Processes;
using Stip.TestKit.Toys;

namespace Stip.Gateway.Tests.Commands;

/// <summary>Whatever ends a command, no plain bundle stays behind.</summary>
public sealed class UnsealedBundlesTests : IDisposable
{
    private const string Passphrase = "correct horse battery";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _folder = new();
    private readonly TcpListener _silent = new(IPAddress.Loopback, 0);

    // Held, else a collection would close them, and the programs would end.
    private readonly List<TcpClient> _asking = [];

    public UnsealedBundlesTests()
    {
        ToyBundle.Write(_folder.At("client"), new ToyModel(vocabSize: 4096));
        File.Copy(
            RepositoryRoot.At("samples", "models", "stories", "tokenizer.json"),
            _folder.At("client", "tokenizer.json"));
        SealedBundle.Seal(_folder.At("client"), _folder.At("toy.sealed"), SealSecret.FromPassphrase(Passphrase));
        Directory.CreateDirectory(Temporary);
        _silent.Start();
    }

    private string Temporary => _folder.At("temporary");

    private string[] Left => Directory.GetDirectories(Temporary);

    private Dictionary<string, string> Variables => new()
    {
        ["STIP_PASSPHRASE"] = Passphrase,
        ["TMPDIR"] = Temporary,
        ["NO_COLOR"] = "1",
    };

    public void Dispose()
    {
        _asking.ForEach(connection => connection.Dispose());
        _silent.Dispose();
        _folder.Dispose();
    }

    /// <summary>The terminal's Ctrl-C, while the person has not yet asked anything.</summary>
    [Fact]
    public async Task Chat_InterruptedAtItsFirstPrompt_LeavesNoBundle()
    {
        const string Terminal = "/usr/bin/script";
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists(Terminal), "needs a terminal of script(1)");
        var chat = BuiltProgram.StartOf("Stip.Gateway", Arguments("chat"));
        string[] words = [.. DefaultSignals.Within, chat.FileName, .. chat.ArgumentList];
        var command = string.Join(' ', words.Select(word => $"'{word}'"));
        var start = new ProcessStartInfo(Terminal, ["-qec", command, "/dev/null"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        foreach (var (name, value) in Variables)
        {
            start.Environment[name] = value;
        }

        using var terminal = Process.Start(start)!;
        var shown = await UntilAsync(terminal.StandardOutput, ">");
        Assert.NotEmpty(Left);

        await terminal.StandardInput.WriteAsync("\u0003".AsMemory(), TestContext.Current.CancellationToken);
        await terminal.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
        var rest = terminal.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await terminal.WaitForExitAsync(TestContext.Current.CancellationToken)
            .WaitAsync(Patience, TestContext.Current.CancellationToken);

        Assert.True(Left.Length == 0, shown + await rest);
    }

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    [InlineData("HUP")]
    [InlineData("QUIT")]
    public async Task Complete_EndedWhileItsServerIsSilent_LeavesNoBundle(string signal)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs kill(1)");
        await using var program = await StartAskingAsync();
        Assert.NotEmpty(Left);

        using (var kill = Process.Start("kill", [$"-{signal}", $"{program.Id}"]))
        {
            await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        for (var waiting = Stopwatch.StartNew(); !program.HasExited && waiting.Elapsed < Patience;)
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        Assert.True(program.HasExited, $"SIG{signal} did not end it");
        Assert.Empty(Left);
    }

    [Fact]
    public async Task Complete_AfterAKill_RemovesWhatWasLeftAndNothingInUse()
    {
        await using var living = await StartAskingAsync();
        var inUse = Left;
        await using (await StartAskingAsync())
        {
            // The first program may have called again, before the second opened its bundle.
            for (var waiting = Stopwatch.StartNew(); Left.Length < 2 && waiting.Elapsed < Patience;)
            {
                await Task.Delay(20, TestContext.Current.CancellationToken);
            }

            Assert.Equal(2, Left.Length);
        }

        // Killed as it was disposed.
        Assert.Equal(2, Left.Length);
        await ProgramRun.RunAsync(
            "Stip.Gateway",
            [.. Arguments("complete", "http://127.0.0.1:1"), "Once"],
            environment: Variables,
            cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(inUse, Left);
    }

    /// <summary>As a signal comes while a bundle is decrypted.</summary>
    [Fact]
    public async Task Open_EndedMeanwhile_IsNotMadeAnew()
    {
        using var bundles = new UnsealedBundles();
        var ending = Task.CompletedTask;
        var opened = "";
        try
        {
            opened = bundles.Open(_folder.At("toy.sealed"), () =>
            {
                ending = Task.Run(bundles.Dispose);
                ending.Wait(TimeSpan.FromMilliseconds(100));
                return SealSecret.FromPassphrase(Passphrase);
            });
        }
        catch (OperationCanceledException)
        {
            // It ended before anything was decrypted.
        }

        await ending;
        Assert.False(opened.Length > 0 && Path.Exists(opened), opened);
        Assert.Throws<OperationCanceledException>(() => bundles.Open(
            _folder.At("toy.sealed"), () => SealSecret.FromPassphrase(Passphrase)));
    }

    private string[] Arguments(string command, string? endpoint = null) =>
    [
        command, "--bundle", _folder.At("toy.sealed"), "--api-key", "k",
        "--endpoint", endpoint ?? $"http://{_silent.LocalEndpoint}",
    ];

    private async Task<BuiltProgram> StartAskingAsync()
    {
        var program = BuiltProgram.Start(
            "Stip.Gateway", [.. Arguments("complete"), "Once"], Variables, DefaultSignals.Within);

        // It asks when everything is open.
        var asked = _silent.AcceptTcpClientAsync(TestContext.Current.CancellationToken).AsTask();
        await Task.WhenAny(asked, Task.Delay(Patience, TestContext.Current.CancellationToken));
        Assert.True(asked.IsCompletedSuccessfully, program.Output);
        _asking.Add(await asked);
        return program;
    }

    private static async Task<string> UntilAsync(StreamReader reader, string end)
    {
        var shown = "";
        var buffer = new char[256];
        while (!shown.Contains(end, StringComparison.Ordinal))
        {
            var read = reader.ReadAsync(buffer, TestContext.Current.CancellationToken);
            var count = await read.AsTask().WaitAsync(Patience);
            Assert.True(count > 0, shown);
            shown += new string(buffer, 0, count);
        }

        return shown;
    }
}
