using Stip.Export.Blocks;
using Stip.Export.Checkpoints;

namespace Stip.Export.Architectures.Decoders;

/// <summary>Queries, keys and values that are one matrix in published files, and need not be in later ones.</summary>
internal static class PackedQueries
{
    /// <summary>The names of a layer as the checkpoint has it.</summary>
    /// <param name="tensors">The checkpoint.</param>
    /// <param name="layers">The layers, before their index.</param>
    /// <param name="names">Names of a layer with one matrix.</param>
    public static EncoderLayerNames Find(RenamedTensors tensors, string layers, EncoderLayerNames names) =>
        tensors.Has($"{layers}.0.{names.Packed}.weight") || !tensors.Has($"{layers}.0.self_attn.q_proj.weight")
            ? names
            : names with
            {
                Packed = null,
                Query = "self_attn.q_proj",
                Key = "self_attn.k_proj",
                Value = "self_attn.v_proj",
            };
}
