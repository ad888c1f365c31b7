using Stip.Api.Engine.Caches;
using Stip.Protocol.Tensors;

namespace Stip.Api.Engine;

/// <summary>What a decoder has beside it that goes on from an encoder's states: one session has one source.</summary>
/// <param name="EncoderPath">Graph from rows of the source to states.</param>
/// <param name="NextStepsPath">Graph of the steps after the first.</param>
/// <param name="SourceLength">Most rows of a source.</param>
/// <param name="Cross">What the first step makes of the states and later ones take.</param>
internal sealed record SequenceSnapshot(
    string EncoderPath, string NextStepsPath, int SourceLength, IReadOnlyList<CacheTensor> Cross)
{
    /// <summary>True where one graph is both steps: it takes the states in each.</summary>
    public bool IsMerged { get; init; }

    /// <summary>Names in the encoder's graph.</summary>
    public SourcePorts Source { get; init; } = SourcePorts.Usual;

    /// <summary>Names in the graph of the first step.</summary>
    public SequencePorts First { get; init; } = SequencePorts.Usual;

    /// <summary>Names in the graph of later steps.</summary>
    public SequencePorts Next { get; init; } = SequencePorts.Usual;

    /// <summary>Null where a source is rows of tokens, each of which becomes one of states.</summary>
    public SourceStates? States { get; init; }

    /// <summary>Numbers of a row of the source.</summary>
    public int SourceWidth(DecoderSnapshot decoder) => States?.SourceWidth ?? decoder.HiddenSize;

    /// <summary>Most rows of the states of a source of so many.</summary>
    public int MostStates(int rows) => States is { } own ? own.Rows ?? rows + SourceStates.MostRowsMore : rows;

    /// <summary>Numbers of a row of the states.</summary>
    public int StatesWidth(DecoderSnapshot decoder) => States?.Width ?? decoder.HiddenSize;

    /// <summary>What a session keeps of states of so many rows.</summary>
    public long Bytes(int rows, DecoderSnapshot decoder) => rows * (
        decoder.CacheDtype.ByteSize() * Cross.Sum(tensor => (long)tensor.Blocks * tensor.Runs * tensor.Width)
        + (IsMerged ? StatesWidth(decoder) * decoder.RowsDtype.ByteSize() : 0));
}
