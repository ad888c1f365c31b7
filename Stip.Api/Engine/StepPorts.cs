using Stip.Protocol.Packages;

namespace Stip.Api.Engine;

/// <summary>Names of the inputs and outputs that every step of a decoder has, beside its caches.</summary>
/// <param name="Embeds">Rows <c>[batch, seq, hidden]</c>.</param>
/// <param name="Mask">Ones <c>[batch, total]</c>; not every graph takes it.</param>
/// <param name="Positions"><c>[batch, seq]</c>; not every graph takes them.</param>
/// <param name="Logits">Of all rows.</param>
internal sealed record StepPorts(string Embeds, string Mask, string Positions, string Logits)
{
    /// <summary>Those of graphs that say nothing else.</summary>
    public static StepPorts Usual { get; } = new(
        GraphManifest.Embeds, GraphManifest.Mask, GraphManifest.Positions, GraphManifest.Logits);

    /// <summary>What a package says of a graph.</summary>
    public static StepPorts Of(GraphManifest graph) => new(
        graph.NameOf(GraphManifest.Embeds), graph.NameOf(GraphManifest.Mask), graph.NameOf(GraphManifest.Positions),
        graph.NameOf(GraphManifest.Logits));
}
