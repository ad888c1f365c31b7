using Stip.Protocol.Packages;

namespace Stip.Api.Engine;

/// <summary>Names of the inputs and outputs of an encoder beside a decoder.</summary>
/// <param name="Embeds">Rows of the source.</param>
/// <param name="Mask">Ones for them; not every graph takes it.</param>
/// <param name="Hidden">What it makes of them.</param>
internal sealed record SourcePorts(string Embeds, string Mask, string Hidden)
{
    /// <summary>Those of graphs that say nothing else.</summary>
    public static SourcePorts Usual { get; } = new(GraphManifest.Embeds, GraphManifest.Mask, GraphManifest.Hidden);

    /// <summary>What a package says of a graph.</summary>
    public static SourcePorts Of(GraphManifest graph) => new(
        graph.NameOf(GraphManifest.Embeds), graph.NameOf(GraphManifest.Mask), graph.NameOf(GraphManifest.Hidden));
}
