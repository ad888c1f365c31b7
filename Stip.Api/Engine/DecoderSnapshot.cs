using Stip.Api.Engine.Caches;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;

namespace Stip.Api.Engine;

/// <summary>What the engine knows of a decoder before and while it is loaded.</summary>
internal sealed record DecoderSnapshot(
    string Model,
    string GraphPath,
    int HiddenSize,
    int VocabSize,
    int ContextLength,
    int MaxTopK,
    TensorDtype RowsDtype,
    TensorDtype LogitsDtype,
    TensorDtype CacheDtype,
    CacheManifest Cache)
{
    /// <summary>The tensors of its cache, those of the first layer first.</summary>
    public IReadOnlyList<CacheTensor> CacheTensors { get; } = CacheTensor.Of(Cache);

    /// <summary>Most tokens of a session for which there is memory, were there no other.</summary>
    public int MostCachedTokens { get; init; } = ContextLength;

    /// <summary>Names of what every step takes and gives.</summary>
    public StepPorts Ports { get; init; } = StepPorts.Usual;

    /// <summary>Axes of sequences and of their rows in what it takes.</summary>
    public (int Sequences, int Rows) RowAxes => Cache.SequenceFirst is true ? (1, 0) : (0, 1);

    /// <summary>Null for a decoder on its own.</summary>
    public SequenceSnapshot? Sequence { get; init; }

    /// <summary>Of its package.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>Counts key rotations.</summary>
    public int KeyEpoch { get; init; } = 1;

    /// <summary>Size of the graph's files.</summary>
    public long GraphBytes { get; init; }
}
