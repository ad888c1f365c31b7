using Stip.Onnx;

namespace Stip.Export.Checkpoints;

/// <summary>A checkpoint with an adapter on top: what the adapter changed is merged while it is read.</summary>
internal sealed class AdaptedTensors : ITensorStore
{
    private const string Wrapper = "base_model.model.";
    private const string Weight = ".weight";

    private static readonly string[] ModelPrefixes = ["model.", "transformer."];

    private readonly ITensorStore _base;
    private readonly SafetensorsTensors _adapter;
    private readonly LoraConfig _config;
    private readonly HashSet<string> _unused;

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

    public bool Has(string name) => _base.Has(name);

    public CheckpointTensor? FindBytes(string name, params ReadOnlySpan<long> shape) => _base.FindBytes(name, shape);

    public double? FindNumber(string name) => _base.FindNumber(name);

    public CheckpointTensor Require(string name, params ReadOnlySpan<long> shape)
    {
        if (Find(name) is { } replaced)
        {
            _ = _base.Has(name);
            return _adapter.Require(Used(replaced), shape);
        }

        var tensor = _base.Require(name, shape);
        var module = name.EndsWith(Weight, StringComparison.Ordinal) ? name[..^Weight.Length] : name;
        if (Find($"{module}.lora_A{Weight}") is { } first && Find($"{module}.lora_B{Weight}") is { } second)
        {
            return Merge(tensor, module, first, second, _config.IsTransposed);
        }

        // Tables are looked up by row, so their factors lie the other way round.
        return Find($"{module}.lora_embedding_A") is { } rows && Find($"{module}.lora_embedding_B") is { } columns
            ? Merge(tensor, module, rows, columns, isTransposed: true)
            : tensor;
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

    private LoraTensor Merge(CheckpointTensor tensor, string module, string first, string second, bool isTransposed)
    {
        var rank = _adapter.Shape(first)[0];
        var (outputs, inputs) = isTransposed ? (tensor.Shape[1], tensor.Shape[0]) : (tensor.Shape[0], tensor.Shape[1]);
        return new LoraTensor(
            tensor,
            _adapter.Require(Used(first), rank, inputs),
            _adapter.Require(Used(second), outputs, rank),
            (float)_config.Scale(module, rank),
            isTransposed);
    }

    private string Used(string stored)
    {
        _unused.Remove(stored);
        return stored;
    }

    private string? Find(string name)
    {
        var prefix = ModelPrefixes.FirstOrDefault(prefix => name.StartsWith(prefix, StringComparison.Ordinal));
        string[] spellings = [Wrapper + name, name, Wrapper + name[(prefix?.Length ?? 0)..]];
        return Array.Find(spellings, _adapter.Names.Contains);
    }
}
