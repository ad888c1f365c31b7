using Stip.Export.Checkpoints.Packed;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Checkpoints;

/// <summary>Tensors of a folder's safetensors files: one file, or shards that an index names.</summary>
internal sealed class SafetensorsTensors : ITensorStore
{
    private const string SingleFile = "model.safetensors";
    private const string IndexFile = "model.safetensors.index.json";
    private static readonly string[] Pickled = [".bin", ".pt", ".pth", ".ckpt"];

    private const string AdapterFile = "adapter_model.safetensors";

    // Checkpoints saved from the bare model leave these off, those of a model with a head have them.
    private static readonly string[] Prefixes =
        [
            "model.", "transformer.", "gpt_neox.", "bert.", "roberta.", "distilbert.", "electra.", "mpnet.", "albert.",
            "deberta.", "vit.", "deit.", "beit.", "dinov2.", "dinov2_with_registers.",
            "data2vec_vision.", "biogpt.", "ernie.", "data2vec_text.", "roformer.", "layoutlm.", "esm.", "swin.",
            "swinv2.", "text_model.", "vision_model.", "rembert.", "splinter.", "mobilebert.", "ijepa.",
            "roberta_prelayernorm.", "ctx_encoder.", "question_encoder.", "longformer.",
            "audio_spectrogram_transformer.", "wav2vec2.", "hubert.", "wavlm.", "segformer.", "videomae.", "new.",
            "convbert.", "convnext.", "convnextv2.", "resnet.", "unispeech.", "unispeech_sat.", "luke.",
            "mobilevit.", "lilt.", "cvt.", "levit.", "pvt.", "pvt_v2.", "regnet.", "poolformer.", "mobilenet_v1.",
            "mobilenet_v2.", "timesformer.", "vivit.", "dpt.", "efficientnet.", "nystromformer.", "ibert.",
            "layoutlmv3.", "data2vec_audio.", "wav2vec2_bert.", "roc_bert.",
        ];

    private readonly List<SafetensorsFile> _files = [];
    private readonly Dictionary<string, StoredTensor> _tensors = new(StringComparer.Ordinal);

    private readonly HashSet<string> _used = new(StringComparer.Ordinal);

    private PackedWeights? _packed;

    private SafetensorsTensors()
    {
    }

    /// <summary>Names of the tensors as they are stored.</summary>
    public IReadOnlyCollection<string> Names => _tensors.Keys;

    public static SafetensorsTensors Open(string folder) => Open(folder, Files(folder));

    /// <summary>Opens a folder whose matrices may be packed.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="layout">How they are packed, null where they are not.</param>
    /// <param name="keepsBlocks">True where 4-bit numbers may stay such.</param>
    public static SafetensorsTensors Open(string folder, PackedLayout? layout, bool keepsBlocks)
    {
        var store = Open(folder);
        store._packed = layout is null ? null : new PackedWeights(layout, store.FindUsed, keepsBlocks)
        {
            Kept = name => store._used.Remove(name),
        };
        return store;
    }

    /// <summary>Opens the tensors of an adapter folder that PEFT wrote.</summary>
    public static SafetensorsTensors OpenAdapter(string folder) =>
        File.Exists(Path.Combine(folder, AdapterFile))
            ? Open(folder, [AdapterFile])
            : throw new RefusedException($"{folder} has no {AdapterFile}; an adapter is a folder that PEFT wrote");

    /// <summary>Shape of a stored tensor.</summary>
    public IReadOnlyList<long> Shape(string name) => _tensors[name].Shape;

    private static SafetensorsTensors Open(string folder, IEnumerable<string> files)
    {
        var store = new SafetensorsTensors();
        try
        {
            foreach (var file in files)
            {
                store.Add(folder, file);
            }

            return store;
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }

    // Who asks whether there is a tensor knows of it: it counts as used.
    public bool Has(string name) => FindUsed(name) is not null || _packed?.Has(name) == true;

    public CheckpointTensor? FindBytes(string name, params ReadOnlySpan<long> shape)
    {
        if (Find(name) is not { } tensor)
        {
            return null;
        }

        _used.Add(tensor.Name);
        return tensor.Dtype == TensorDtype.UInt8 && shape.SequenceEqual(tensor.Shape.ToArray())
            ? tensor
            : throw new RefusedException($"tensor '{tensor.Name}' is {tensor.Dtype.WireName()} of shape "
                + $"[{string.Join(", ", tensor.Shape)}]; it must be uint8 of [{string.Join(", ", shape.ToArray())}]");
    }

    public double? FindNumber(string name)
    {
        Span<float> value = stackalloc float[1];
        if (!Has(name))
        {
            return null;
        }

        Require(name).Read(0, value);
        return value[0];
    }

    public CheckpointTensor Require(string name, params ReadOnlySpan<long> shape)
    {
        if (Find(name) is null && _packed?.Find(name, shape) is { } packed)
        {
            return packed;
        }

        var tensor = Scaled(Find(name) ?? throw new RefusedException($"the checkpoint has no tensor '{name}'"));
        if (!tensor.Dtype.IsWireFloat())
        {
            throw new RefusedException($"tensor '{tensor.Name}' is {tensor.Dtype.WireName()}; "
                + "it must be float32, float16, bfloat16 or float8");
        }

        _used.Add(tensor.Name);
        return shape.SequenceEqual(tensor.Shape.ToArray())
            ? tensor
            : throw new RefusedException($"tensor '{tensor.Name}' has shape [{string.Join(", ", tensor.Shape)}]; "
                + $"config.json asks for [{string.Join(", ", shape.ToArray())}]");
    }

    /// <summary>Refuses weights of the model's layers that it did not ask for; names the others.</summary>
    public IReadOnlyList<string> SortUnused() => UnusedTensors.Sort(_tensors.Values, _used);

    public void Dispose() => _files.ForEach(file => file.Dispose());

    private static IEnumerable<string> Files(string folder)
    {
        var index = Path.Combine(folder, IndexFile);
        if (File.Exists(Path.Combine(folder, SingleFile)))
        {
            return [SingleFile];
        }

        return File.Exists(index)
            ? ShardIndex.Load(index)
            : throw new RefusedException($"{folder} has neither {SingleFile} nor {IndexFile}{Otherwise(folder)}");
    }

    // Those of older models run code where they are read, so they are not.
    private static string Otherwise(string folder) =>
        Directory.EnumerateFiles(folder).Select(file => Path.GetFileName(file))
            .Where(file => Pickled.Contains(Path.GetExtension(file)))
            .Order(StringComparer.Ordinal).FirstOrDefault() is { } pickled
            ? $"; '{pickled}' is a pickle, which is not read: convert it (save_pretrained with safe_serialization, or "
                + "the folder's safetensors revision)"
            : "";

    // What norms of BERT's first files are called, which published ones still have.
    private static string CurrentName(string name) =>
        name.EndsWith(".LayerNorm.gamma", StringComparison.Ordinal) ? $"{name[..^"gamma".Length]}weight"
        : name.EndsWith(".LayerNorm.beta", StringComparison.Ordinal) ? $"{name[..^"beta".Length]}bias" : name;

    private StoredTensor? FindUsed(string name)
    {
        var found = Find(name);
        if (found is not null)
        {
            _used.Add(found.Name);
        }

        return found;
    }

    private StoredTensor? Find(string name)
    {
        if (_tensors.TryGetValue(name, out var tensor))
        {
            return tensor;
        }

        var prefix = Prefixes.FirstOrDefault(prefix => name.StartsWith(prefix, StringComparison.Ordinal));
        return prefix is null ? null : _tensors.GetValueOrDefault(name[prefix.Length..]);
    }

    private CheckpointTensor Scaled(StoredTensor tensor)
    {
        if (tensor.Dtype is not (TensorDtype.Float8E4M3 or TensorDtype.Float8E5M2 or TensorDtype.Int8))
        {
            return tensor;
        }

        var scale = Float8Tensor.ScaleNames(tensor.Name).Select(_tensors.GetValueOrDefault).FirstOrDefault(
            found => found is not null);
        if (scale is not null)
        {
            _used.Add(scale.Name);
        }

        return tensor.Dtype == TensorDtype.Int8 && scale is null ? tensor : Float8Tensor.Of(tensor, scale);
    }

    private void Add(string folder, string name)
    {
        var path = Path.Combine(folder, name);
        if (!File.Exists(path))
        {
            throw new RefusedException($"{IndexFile} names '{name}', which is not in {folder}");
        }

        var file = SafetensorsFile.Open(path);
        _files.Add(file);
        foreach (var entry in file.Header.Entries.Values)
        {
            _tensors[CurrentName(entry.Name)] = new StoredTensor(file, entry);
        }
    }
}
