using Stip.Export.Architectures;
using Stip.Export.Checkpoints.Gguf;
using Stip.Export.Checkpoints.Packed;
using Stip.Export.Checkpoints.Tokenizers;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Checkpoints;

/// <summary>A Hugging Face folder or a GGUF file: its configuration, its tensors, its small files.</summary>
internal sealed class Checkpoint : IDisposable
{
    private const string ConfigFile = "config.json";
    private const string GgufEnding = ".gguf";

    // Float8 with scales, whoever wrote it, the 4-bit floats of GPT-OSS, and packed whole numbers.
    private static readonly string[] Quantizations =
        ["fp8", "fbgemm_fp8", "compressed-tensors", "mxfp4", "gptq", "awq"];

    private readonly GgufTensors? _gguf;

    private Checkpoint(string folder, ConfigJson config, ITensorStore tensors, ISmallFiles files)
    {
        Folder = folder;
        Name = NameOf(folder);
        Config = config;
        Tensors = tensors;
        Files = files;
        (_gguf, Stored) = (tensors as GgufTensors, tensors as SafetensorsTensors);
    }

    /// <summary>The folder, or the one file that the checkpoint is.</summary>
    public string Folder { get; }

    /// <summary>Name of the folder, or of the file without its extension.</summary>
    public string Name { get; private init; }

    /// <summary>What makes one vector of a text's rows; null where the folder says nothing about it.</summary>
    public SentenceModules? Sentence => Modules is { Embeds: true } ? Modules : null;

    /// <summary>Texts are cut to so many tokens; null where the model's own length is the limit.</summary>
    public int? MaxTokens => Modules?.MaxTokens;

    /// <summary>What is wanted of a decoder; encoders say it by their names.</summary>
    public DecoderEnd End { get; private init; }

    /// <summary>Which of two towers is wanted, <c>text</c> or <c>vision</c>; null where nothing is said.</summary>
    public string? Tower { get; private init; }

    /// <summary>For which of a model's own tasks it is wanted; null for none of them.</summary>
    public string? Task { get; private init; }

    /// <summary>True where the tokens of a decoder of whole texts also see those after them.</summary>
    public bool SeesAll { get; private init; }

    /// <summary>Tensors of the layers that follow the pooling, one store each.</summary>
    public IReadOnlyList<ITensorStore> SentenceTensors { get; private init; } = [];

    /// <summary>Most positions that a decoder is to be served with; null for those that it has.</summary>
    public int? MostPositions { get; private init; }

    /// <summary>True where caches of layers with a window keep no more than that; null leaves it to the type.</summary>
    public bool? BoundsCaches { get; private init; }

    public ConfigJson Config { get; }

    public ITensorStore Tensors { get; }

    /// <summary>Tokenizer, template and the like.</summary>
    public ISmallFiles Files { get; }

    /// <summary>Tensors of a folder that the model did not ask for, once it has asked; empty before.</summary>
    public IReadOnlyList<string> Unused { get; private set; } = [];

    /// <summary>Fields of config.json that the model did not ask for, once it has asked, though they may say something
    /// of it.</summary>
    public IReadOnlyList<string> UnreadFields => _gguf is null ? Config.Unread() : [];

    private SafetensorsTensors? Stored { get; init; }

    // What sentence-transformers says of the folder.
    private SentenceModules? Modules { get; init; }

    /// <summary>Adapters that are merged while tensors are read, first to last.</summary>
    private IReadOnlyList<AdaptedTensors> Adapters { get; init; } = [];

    /// <summary>Opens a checkpoint with adapters on top of it; a folder that is itself an adapter names its base, and
    /// is the first of them.</summary>
    /// <param name="folder">A folder, a GGUF file, or the folder of an adapter.</param>
    /// <param name="randomSeed">Seed of random weights, null for those of the checkpoint.</param>
    /// <param name="adapters">Folders that PEFT wrote.</param>
    /// <param name="keepsBlocks">True where matrices that a file stores as 4-bit blocks, and no adapter changes, are to
    /// stay such.</param>
    /// <param name="tower">Which of two towers is wanted, null where there is one.</param>
    /// <param name="mostPositions">Most positions of a decoder, null for those that it has.</param>
    /// <param name="task">For which of a model's own tasks it is wanted, null for none.</param>
    /// <param name="boundsCaches">Whether caches of layers with a window keep no more than that; null leaves it to the
    /// type.</param>
    public static Checkpoint Open(
        string folder,
        long? randomSeed,
        IReadOnlyList<string> adapters,
        bool keepsBlocks = false,
        string? tower = null,
        int? mostPositions = null,
        string? task = null,
        bool? boundsCaches = null)
    {
        if (AdapterFolder.BaseOf(folder) is { } adapted)
        {
            (folder, adapters) = (adapted, [folder, .. adapters]);
        }

        var plain = Open(folder, randomSeed, keepsBlocks);
        var merged = new List<AdaptedTensors>();
        try
        {
            foreach (var adapter in adapters)
            {
                merged.Add(AdaptedTensors.Open(merged.LastOrDefault() ?? plain.Tensors, adapter));
            }
        }
        catch
        {
            (merged.LastOrDefault() ?? plain.Tensors).Dispose();
            throw;
        }

        return new Checkpoint(plain.Folder, plain.Config, merged.LastOrDefault() ?? plain.Tensors, plain.Files)
        {
            Name = plain.Name,
            Modules = plain.Modules,
            SentenceTensors = plain.SentenceTensors,
            Tower = tower,
            MostPositions = mostPositions,
            BoundsCaches = boundsCaches,
            Task = task,
            Stored = plain.Stored,
            Adapters = merged,
        };
    }

    /// <summary>Refuses adapters that were made for another model, and files that hold more than the model, once it has
    /// asked for its tensors.</summary>
    public void RefuseUnused()
    {
        _gguf?.RefuseUnused();
        Unused = [.. new[] { Stored }.Concat(SentenceTensors).OfType<SafetensorsTensors>().SelectMany(
            store => store.SortUnused())];
        foreach (var adapter in Adapters)
        {
            adapter.RefuseUnused();
        }
    }

    /// <summary>Opens a folder or a GGUF file.</summary>
    /// <param name="folder">Its path.</param>
    /// <param name="randomSeed">With a seed only a folder's config.json is read, and the weights are random.</param>
    /// <param name="keepsBlocks">True where matrices that a file stores as 4-bit blocks are to stay such.</param>
    public static Checkpoint Open(string folder, long? randomSeed, bool keepsBlocks = false)
    {
        if (IsGguf(folder))
        {
            return randomSeed is null ? OpenGguf(folder, keepsBlocks) : throw new RefusedException(
                $"{folder} has weights of its own; --random-weights takes a folder with {ConfigFile}");
        }

        var name = NameOf(folder);
        var sentence = SentenceModules.Find(folder);
        folder = Path.Combine(folder, sentence?.EncoderFolder ?? "");
        var configPath = Path.Combine(folder, ConfigFile);
        if (!Directory.Exists(folder) || !File.Exists(configPath))
        {
            throw new RefusedException(File.Exists(folder)
                ? $"{folder} is a file without the ending {GgufEnding}; give a GGUF file or a folder with {ConfigFile}"
                : $"{folder} has no {ConfigFile}; give a Hugging Face folder or a GGUF file");
        }

        var config = new ConfigJson(
            ConfigFile, RopeSections.Settled(JsonObjects.Read(ConfigFile, File.ReadAllBytes(configPath))));
        var packed = randomSeed is null ? PackedConfig.Read(config) : null;
        if (randomSeed is null && packed is null)
        {
            RefuseOtherQuantizations(config);
        }

        config = sentence?.Scores is { } scores ? config.With(Labels.Activation(scores)) : config;
        ISmallFiles files = new CompletedFiles(new FolderFiles(folder));
        files = sentence is { LowersTexts: true } ? new LoweredTexts(files) : files;
        return new Checkpoint(
            folder, config, OpenTensors(folder), sentence is { Embeds: true } ? new EndedTexts(files) : files)
        {
            Name = name,
            Modules = sentence,
            SentenceTensors = [.. (sentence?.Layers ?? []).Select(layer => OpenTensors(layer.Folder))],
        };

        ITensorStore OpenTensors(string from) =>
            randomSeed is { } seed ? new RandomTensors(seed, DtypeOf(config))
            : SafetensorsTensors.Open(from, packed, keepsBlocks);
    }

    /// <summary>A model inside this one: its own configuration, and its tensors under the names that it would have on
    /// its own. This checkpoint is still to be closed, the part is not.</summary>
    public Checkpoint Part(ConfigJson config, IReadOnlyList<(string Part, string Whole)> prefixes) =>
        Copy(config, new RenamedTensors(Tensors, prefixes), End, SeesAll);

    /// <summary>The same model, its tensors read in another way. This checkpoint is still to be closed, that one is
    /// not.</summary>
    public Checkpoint With(ITensorStore tensors) => Copy(Config, tensors, End, SeesAll);

    /// <summary>The same model with values for what its config.json leaves out; a GGUF file says everything. This
    /// checkpoint is still to be closed, that one is not.</summary>
    /// <param name="defaults">A JSON object.</param>
    public Checkpoint Completed(string defaults) =>
        _gguf is null ? Copy(Config.WithDefaults(defaults), Tensors, End, SeesAll) : this;

    /// <summary>The same decoder for whole texts. This checkpoint is still to be closed, that one is not.</summary>
    public Checkpoint WholeTexts(
        DecoderEnd end, IReadOnlyList<(string Part, string Whole)> prefixes, bool seesAll = false) =>
        Copy(Config, new RenamedTensors(Tensors, prefixes), end, seesAll);

    public void Dispose()
    {
        Tensors.Dispose();
        foreach (var store in SentenceTensors)
        {
            store.Dispose();
        }
    }

    // What the caller wants of the model stays.
    private Checkpoint Copy(ConfigJson config, ITensorStore tensors, DecoderEnd end, bool seesAll) =>
        new(Folder, config, tensors, Files)
        {
            Name = Name,
            Modules = Modules,
            End = end,
            Tower = Tower,
            SeesAll = seesAll,
            MostPositions = MostPositions,
            BoundsCaches = BoundsCaches,
            Task = Task,
        };

    private static string NameOf(string path) => IsGguf(path)
        ? Path.GetFileNameWithoutExtension(path)
        : Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));

    private static bool IsGguf(string path) =>
        File.Exists(path) && path.EndsWith(GgufEnding, StringComparison.OrdinalIgnoreCase);

    private static Checkpoint OpenGguf(string path, bool keepsBlocks)
    {
        var model = GgufModel.Open(path, keepsBlocks);
        return new Checkpoint(path, model.Config, model.Tensors, model.Files) { Modules = model.Sentence };
    }

    private static void RefuseOtherQuantizations(ConfigJson config)
    {
        var method = config.Section("quantization_config")?.Text("quant_method");
        if (method is not null && !Quantizations.Contains(method))
        {
            throw new RefusedException($"{ConfigFile}: quantization_config.quant_method is '{method}'; it must be "
                + $"{string.Join(", ", Quantizations)}, or none: give the weights before they were rounded, or a GGUF "
                + "file of them");
        }
    }

    private static TensorDtype DtypeOf(ConfigJson config) =>
        TensorDtypes.TryParseWire(config.Text("dtype", "torch_dtype"), out var dtype) && dtype.IsWireFloat()
            ? dtype
            : TensorDtype.Float32;
}
