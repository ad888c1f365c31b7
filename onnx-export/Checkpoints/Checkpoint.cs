using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Checkpoints;

/// <summary>A Hugging Face folder: its configuration and its tensors.</summary>
internal sealed class Checkpoint : IDisposable
{
    private const string ConfigFile = "config.json";

    private Checkpoint(string folder, ConfigJson config, ITensorStore tensors)
    {
        Folder = folder;
        Config = config;
        Tensors = tensors;
    }

    public string Folder { get; }

    public string Name => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(Folder)));

    public ConfigJson Config { get; }

    public ITensorStore Tensors { get; }

    /// <summary>Opens a folder; with a seed only its config.json is read, and the weights are random.</summary>
    public static Checkpoint Open(string folder, long? randomSeed)
    {
        var configPath = Path.Combine(folder, ConfigFile);
        if (!Directory.Exists(folder) || !File.Exists(configPath))
        {
            throw new RefusedException(File.Exists(folder)
                ? $"{folder} is a file; reading GGUF files is not there yet, give a folder with {ConfigFile}"
                : $"{folder} has no {ConfigFile}; give a Hugging Face folder");
        }

        var config = ConfigJson.Load(configPath);
        return new Checkpoint(
            folder,
            config,
            randomSeed is { } seed ? new RandomTensors(seed, DtypeOf(config)) : SafetensorsTensors.Open(folder));
    }

    public void Dispose() => Tensors.Dispose();

    private static TensorDtype DtypeOf(ConfigJson config) =>
        TensorDtypes.TryParseWire(config.Text("dtype", "torch_dtype"), out var dtype) && dtype.IsWireFloat()
            ? dtype
            : TensorDtype.Float32;
}
