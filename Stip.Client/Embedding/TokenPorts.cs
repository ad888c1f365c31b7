using Stip.Keys.Bundles;

namespace Stip.Client.Embedding;

/// <summary>Names of what a client's graph of texts takes and gives, beside its caches.</summary>
/// <param name="Ids">Token ids <c>[batch, seq]</c>.</param>
/// <param name="Mask">Ones where a token counts <c>[batch, total]</c>; not every graph takes it.</param>
/// <param name="Positions"><c>[batch, seq]</c>; not every graph takes them.</param>
/// <param name="Types">Segments <c>[batch, seq]</c>; not every graph takes them.</param>
/// <param name="Rows">What is sent, <c>[batch, seq, hidden]</c>.</param>
internal sealed record TokenPorts(string Ids, string Mask, string Positions, string Types, string Rows)
{
    public static TokenPorts Of(ClientGraphManifest graph) => new(
        graph.NameOf("input_ids"), graph.NameOf("attention_mask"), graph.NameOf("position_ids"),
        graph.NameOf("token_type_ids"), graph.NameOf("inputs_embeds"));

    /// <summary>Those that are inputs.</summary>
    public IReadOnlyList<string> Inputs => [Ids, Mask, Positions, Types];
}
