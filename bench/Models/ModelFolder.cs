using Stip.TestKit;

namespace Stip.Bench.Models;

/// <summary>Where models are made, once: a temporary folder, or one that later runs find again.</summary>
internal sealed class ModelFolder : IDisposable
{
    private readonly TemporaryFolder? _temporary;
    private readonly string _path;

    /// <param name="path">Null for a temporary one.</param>
    public ModelFolder(string? path)
    {
        _temporary = path is null ? new TemporaryFolder() : null;
        _path = path ?? _temporary!.Path;
    }

    /// <summary>A checkpoint of the repository or one of <see cref="RandomModels"/>.</summary>
    public async Task<MadeModel> MakeAsync(string name)
    {
        var shape = RandomModels.Find(name);
        return await MakeAsync(name, async exported =>
        {
            var checkpoint = shape is null ? KnownCheckpoints.Folder(name) : At(name, "checkpoint");
            await (shape?.WriteAsync(checkpoint) ?? Task.CompletedTask);
            await ModelPackages.RunAsync(
            [
                "export", "--checkpoint", checkpoint, "--output", exported,
                .. shape is null ? Array.Empty<string>() : ["--random-weights", "1", "--dtype", shape.Dtype],
            ]);
        });
    }

    /// <summary>The same from whatever writes the plain graph.</summary>
    public async Task<MadeModel> MakeAsync(string name, Func<string, Task> export)
    {
        // The last folder is there only when all are: protect moves it into place as its last act.
        if (!Directory.Exists(At(name, "plain")))
        {
            if (Directory.Exists(At(name)))
            {
                Directory.Delete(At(name), recursive: true);
            }

            Directory.CreateDirectory(At(name));
            await export(At(name, "exported"));
            await ProtectAsync(name, "protected", name, "permutation");
            await ProtectAsync(name, "plain", $"{name}-plain", "none");
        }

        return new MadeModel(name, At(name, "exported"), At(name, "protected"), At(name, "plain"));
    }

    /// <summary>The protected package of a made model whose first layers stay with the client; 0 for none.</summary>
    public async Task<string> SplitAsync(MadeModel model, int clientLayers)
    {
        if (clientLayers == 0)
        {
            return model.Protected;
        }

        var folder = FormattableString.Invariant($"split-{clientLayers}");
        var name = FormattableString.Invariant($"{model.Name}-split-{clientLayers}");
        if (!Directory.Exists(At(model.Name, folder)))
        {
            await ProtectAsync(
                model.Name, folder, name, "permutation",
                "--client-layers", FormattableString.Invariant($"{clientLayers}"));
        }

        return At(model.Name, folder);
    }

    public string At(params string[] parts) => Path.Combine([_path, .. parts]);

    public void Dispose() => _temporary?.Dispose();

    private Task ProtectAsync(string name, string output, string id, string mode, params string[] more) =>
        ModelPackages.RunAsync(
        [
            "protect", "--model", At(name, "exported"), "--output", At(name, output), "--name", id, "--mode", mode,
            "--verify", "none", .. more,
        ]);
}
