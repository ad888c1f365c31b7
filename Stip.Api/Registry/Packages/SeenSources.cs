using Stip.Api.Engine;
using Stip.Protocol.Packages;

namespace Stip.Api.Registry.Packages;

/// <summary>Whether the encoder of a package reads rows of its own kind, as those of pictures do: without a mask, for
/// all of them count, and to states of another number or width.</summary>
internal static class SeenSources
{
    private const int RowsAxis = 1;

    /// <summary>What it takes and gives; null where each of its rows becomes one of the decoder's width, as those of a
    /// text.</summary>
    /// <param name="encoder">The graph.</param>
    /// <param name="hiddenSize">Numbers of a row of the decoder.</param>
    public static SourceStates? Of(GraphManifest encoder, int hiddenSize)
    {
        if (encoder.Inputs.Any(input => input.Name == encoder.NameOf(GraphManifest.Mask))
            || Find(encoder.Inputs, encoder.NameOf(GraphManifest.Embeds)) is not { Shape.Count: 3 } taken
            || Find(encoder.Outputs, encoder.NameOf(GraphManifest.Hidden)) is not { Shape.Count: 3 } given)
        {
            return null;
        }

        var (source, states) = (GraphFaults.Axes(taken), GraphFaults.Axes(given));
        var isAlike = source[^1] == hiddenSize && states[^1] == hiddenSize && source[RowsAxis] < 0
            && $"{taken.Shape[RowsAxis]}" == $"{given.Shape[RowsAxis]}";
        return isAlike || source[^1] < 1 || states[^1] < 1
            ? null
            : new SourceStates(source[^1], states[^1], Fixed(states[RowsAxis]), Fixed(source[RowsAxis]));
    }

    private static int? Fixed(int axis) => axis > 0 ? axis : null;

    private static TensorManifest? Find(IReadOnlyList<TensorManifest> tensors, string name) =>
        tensors.FirstOrDefault(tensor => tensor.Name == name);
}
