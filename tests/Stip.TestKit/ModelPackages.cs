using System.Collections.Concurrent;
using Stip.TestKit.Processes;

namespace Stip.TestKit;

/// <summary>Exported and protected models, made by the onnx-export program, once for a test run.</summary>
public static class ModelPackages
{
    private static readonly Lazy<TemporaryFolder> Folder = new(() =>
    {
        var folder = new TemporaryFolder();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => folder.Dispose();
        return folder;
    });

    private static readonly ConcurrentDictionary<string, Lazy<Task<string>>> Made = new();

    private static readonly WarmProgram Program = new("onnx-export");

    /// <summary>The folder that <c>export</c> writes for a checkpoint of <see cref="KnownCheckpoints"/>.</summary>
    public static Task<string> ExportAsync(string name) => MakeAsync($"{name}-plain", output => RunAsync(
        ["export", "--checkpoint", KnownCheckpoints.Folder(name), "--output", output, .. RandomWeights(name)]));

    /// <summary>The folder with <c>cloud/</c>, <c>client/</c> and <c>owner/</c> that <c>protect</c> writes.</summary>
    /// <param name="name">A checkpoint of <see cref="KnownCheckpoints"/>.</param>
    /// <param name="mode"><c>permutation</c> or <c>none</c>.</param>
    /// <param name="modelId">Id on the server; the checkpoint's name where null.</param>
    public static Task<string> ProtectAsync(string name, string mode = "permutation", string? modelId = null) =>
        MakeAsync($"{modelId ?? name}-{mode}", async output => await RunAsync(
            "protect", "--model", await ExportAsync(name), "--output", output, "--mode", mode,
            "--name", (modelId ?? name).Replace('/', '-')));

    /// <summary>Runs the onnx-export program that was built beside the tests.</summary>
    /// <exception cref="InvalidOperationException">It ended with another exit code than 0.</exception>
    public static async Task RunAsync(params string[] arguments)
    {
        var (exitCode, printed) = await Program.RunAsync(arguments);
        if (exitCode != 0)
        {
            throw new InvalidOperationException($"onnx-export {arguments[0]} ended with {exitCode}: {printed}");
        }
    }

    // Some checkpoints are here without their weights: their laws hold for any.
    private static string[] RandomWeights(string name) => KnownCheckpoints.Folder(name) is var folder
        && (File.Exists(folder) || Directory.EnumerateFiles(folder, "*.safetensors").Any())
        ? []
        : ["--random-weights", "1"];

    private static Task<string> MakeAsync(string name, Func<string, Task> make) =>
        Made.GetOrAdd(
            name.Replace('/', '-'), key => new(() => MakeOnceAsync(Folder.Value.At(key), make))).Value;

    private static async Task<string> MakeOnceAsync(string output, Func<string, Task> make)
    {
        await make(output);
        return output;
    }
}
