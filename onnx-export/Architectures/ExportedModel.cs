using Stip.Export.Blocks;
using Stip.Export.Checkpoints;

namespace Stip.Export.Architectures;

/// <summary>A model ready to be written.</summary>
/// <param name="Graph">From <c>inputs_embeds</c> on.</param>
/// <param name="HiddenSize">Width of a row.</param>
/// <param name="VocabSize">Width of a row of logits.</param>
/// <param name="ContextLength">Most positions.</param>
/// <param name="IsTied">True where the head is the token table.</param>
/// <param name="Tables">The client's part by tensor name: token table first, then what is added to its rows.</param>
internal sealed record ExportedModel(
    DecoderGraph Graph,
    int HiddenSize,
    int VocabSize,
    int ContextLength,
    bool IsTied,
    IReadOnlyDictionary<string, CheckpointTensor> Tables);
