using Stip.Onnx;

namespace Stip.Export.Checkpoints;

/// <summary>A checkpoint with an adapter on top: what the adapter changed is merged while it is read.</summary>
internal sealed class AdaptedTensors : ITensorStore
{
    private const string Wrapper = "base_model.model.";
    private const string Weight = ".weight";

    private static readonly string[] ModelPrefixes = ["model.", "transformer."];

    // What models that also see call the same tensors: as published, as transformers saves them now, and in between.
    private static readonly string[][] SeeingPrefixes =
        [["model.language_model.", "language_model.model.", "model."], ["language_model.lm_head.", "lm_head."]];

    private readonly ITensorStore _base;
    private readonly SafetensorsTensors _adapter;
    private readonly LoraConfig _config;
    private readonly HashSet<string> _unused;
    private bool _alsoSees;

    private AdaptedTensors(ITensorStore underneath, SafetensorsTensors adapter, LoraConfig config)
    {
        _base = underneath;
        _adapter = adapter;
        _config = config;
        _unused = [.. adapter.Names];
    }

    /// <summary>Opens an adapter folder over a checkpoint, which is closed with it.</summary>
    public static AdaptedTensors Open(ITensorStore underneath, string folder) =>
        new(underneath, SafetensorsTensors.OpenAdapter(folder), LoraConfig.Load(folder));

    /// <summary>Says that the model also sees or hears: transformers brings the names of such checkpoints and of their
    /// adapters to one when it loads them.</summary>
    public void AlsoSees()
    {
        _alsoSees = true;
        (_base as AdaptedTensors)?.AlsoSees();
    }

    public bool Has(string name) => _base.Has(name);

    public CheckpointTensor? FindBytes(string name, params ReadOnlySpan<long> shape) => _base.FindBytes(name, shape);

    public double? FindNumber(string name) => _base.FindNumber(name);

    public CheckpointTensor Require(string name, params ReadOnlySpan<long> shape)
    {
        var size = shape.ToArray();
        return Adapted(name, size, () => _base.Require(name, size), () => _base.Has(name));
    }

    public CheckpointTensor? FindHead(
        IReadOnlyList<string> heads, IReadOnlyList<string> tables, CheckpointTensor words)
    {
        var head = Touched(heads) ?? heads[0];
        var table = Touched(tables) ?? tables.FirstOrDefault(_base.Has) ?? tables[0];
        if (!IsTouched(head) && !IsTouched(table))
        {
            return _base.FindHead(heads, tables, words);
        }

        if (_config.KeepsTied && IsTouched(table))
        {
            _unused.ExceptWith(Changes(head));
            return words;
        }

        // The table as the base has it: a change of lookups alone leaves the head as it was.
        long[] size = [.. words.Shape];
        return Adapted(head, size, () =>
        {
            var shared = FindUnder(table, size) ?? _base.Require(table, size);
            return _base.FindHead(heads, tables, shared)
                ?? (shared is not RandomTensor && _base.Has(head) ? _base.Require(head, size) : shared);
        });
    }

    /// <summary>Refuses an adapter for another model: everything in it must have had its place.</summary>
    public void RefuseUnused()
    {
        if (_unused.Count > 0)
        {
            throw new RefusedException(
                $"the adapter's tensor '{_unused.Order(StringComparer.Ordinal).First()}' belongs to nothing in this "
                + $"model ({_unused.Count} of {_adapter.Names.Count} do not)");
        }
    }

    public void Dispose()
    {
        _adapter.Dispose();
        _base.Dispose();
    }

    private CheckpointTensor Adapted(string name, long[] shape, Func<CheckpointTensor> inBase, Action? replaces = null)
    {
        if (Find(name) is { } replaced)
        {
            replaces?.Invoke();
            return _adapter.Require(Used(replaced), shape);
        }

        var tensor = FindUnder(name, shape);
        if (tensor is not null)
        {
            replaces?.Invoke();
        }

        tensor ??= inBase();
        var module = name.EndsWith(Weight, StringComparison.Ordinal) ? name[..^Weight.Length] : name;
        if (Find($"{module}.lora_A{Weight}") is { } first && Find($"{module}.lora_B{Weight}") is { } second)
        {
            return Merge(tensor, first, second, _config.IsTransposed);
        }

        // Tables are looked up by row, so their factors lie the other way round.
        return Find($"{module}.lora_embedding_A") is { } rows && Find($"{module}.lora_embedding_B") is { } columns
            ? Merge(tensor, rows, columns, isTransposed: true)
            : tensor;
    }

    // What PEFT stores of a module below its changes: embeddings that were adapted or enlarged, biases.
    private CheckpointTensor? FindUnder(string name, long[] shape) =>
        name.LastIndexOf('.') is > 0 and var dot && Find($"{name[..dot]}.base_layer{name[dot..]}") is { } stored
            ? _adapter.Require(Used(stored), shape)
            : null;

    // Of names for one tensor the one that the base has.
    private string? Touched(IReadOnlyList<string> names) =>
        names.Where(IsTouched).OrderByDescending(_base.Has).FirstOrDefault();

    private bool IsTouched(string name) => Changes(name).Any();

    // All that the adapter has for a matrix.
    private IEnumerable<string> Changes(string name)
    {
        var module = name[..name.LastIndexOf('.')];
        string[] parts = [Weight, $".base_layer{Weight}", $".lora_A{Weight}", $".lora_B{Weight}",
            ".lora_embedding_A", ".lora_embedding_B"];
        return parts.Select(part => Find(module + part)).OfType<string>();
    }

    // Patterns of adapter_config.json are those of its own names.
    private static string Module(string factor)
    {
        var module = factor[..factor.LastIndexOf(".lora_", StringComparison.Ordinal)];
        return module.StartsWith(Wrapper, StringComparison.Ordinal) ? module[Wrapper.Length..] : module;
    }

    private LoraTensor Merge(CheckpointTensor tensor, string first, string second, bool isTransposed)
    {
        if (_adapter.Shape(first) is not [var rank, _] || tensor.Shape is not [var rows, var columns])
        {
            throw new RefusedException($"the adapter's tensor '{first}' has shape "
                + $"[{string.Join(", ", _adapter.Shape(first))}] and changes one of "
                + $"[{string.Join(", ", tensor.Shape)}]; both must be matrices");
        }

        var (outputs, inputs) = isTransposed ? (columns, rows) : (rows, columns);
        return new LoraTensor(
            tensor,
            _adapter.Require(Used(first), rank, inputs),
            _adapter.Require(Used(second), outputs, rank),
            (float)_config.Scale(Module(first), rank),
            isTransposed);
    }

    private string Used(string stored)
    {
        _unused.Remove(stored);
        return stored;
    }

    private string? Find(string name)
    {
        IEnumerable<string> names = _alsoSees ? SeeingNames(name) : [name];
        return names.SelectMany(Spellings).FirstOrDefault(_adapter.Names.Contains);
    }

    private static IEnumerable<string> Spellings(string name)
    {
        var prefix = ModelPrefixes.FirstOrDefault(prefix => name.StartsWith(prefix, StringComparison.Ordinal));
        return [Wrapper + name, name, Wrapper + name[(prefix?.Length ?? 0)..]];
    }

    private static IEnumerable<string> SeeingNames(string name)
    {
        foreach (var prefixes in SeeingPrefixes)
        {
            if (Array.Find(prefixes, prefix => name.StartsWith(prefix, StringComparison.Ordinal)) is { } own)
            {
                return prefixes.Select(prefix => prefix + name[own.Length..]).Prepend(name);
            }
        }

        // Those of what sees lie in the model or beside it.
        return [name, $"model.{name}"];
    }
}
