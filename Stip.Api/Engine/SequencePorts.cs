using Stip.Api.Engine.Caches;
using Stip.Protocol.Packages;

namespace Stip.Api.Engine;

/// <summary>Names of the inputs and outputs of a decoder's graph beside an encoder.</summary>
/// <param name="Step">What every step has.</param>
/// <param name="States">What the encoder gives; later steps take it where one graph is all of them.</param>
/// <param name="StatesMask">Ones for the rows of those; not every graph takes it.</param>
/// <param name="Branch">Which of the steps it is, where one graph is all of them.</param>
/// <param name="Presents">What it gives of its own rows, in the order of the caches; null for theirs.</param>
internal sealed record SequencePorts(
    StepPorts Step, string States, string StatesMask, string Branch, IReadOnlyList<string>? Presents = null)
{
    /// <summary>Those of graphs that say nothing else.</summary>
    public static SequencePorts Usual { get; } = new(
        StepPorts.Usual, GraphManifest.EncoderStates, GraphManifest.EncoderMask, GraphManifest.Branch);

    /// <summary>What a package says of a graph.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="caches">Of the later steps.</param>
    public static SequencePorts Of(GraphManifest graph, IReadOnlyList<CacheTensor> caches) => new(
        StepPorts.Of(graph), graph.NameOf(GraphManifest.EncoderStates), graph.NameOf(GraphManifest.EncoderMask),
        graph.NameOf(GraphManifest.Branch), [.. caches.Select(cache => graph.NameOf(cache.Present))]);
}
