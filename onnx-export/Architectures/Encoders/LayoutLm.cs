using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>LayoutLM without places on a page: every token stands in a box of zeros, as where none is given.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class LayoutLm(string name, TextHead head) : IArchitecture
{
    // A box is left, upper, right, lower, height, width.
    private static readonly string[] Box = ["x", "y", "x", "y", "h", "w"];

    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? "layoutlm" : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var basis = Bert.ReadConfig(checkpoint.Config, firstPosition: 0);
        var places = checkpoint.Config.FindSize("max_2d_position_embeddings") ?? 1024;
        return TextEncoder.Build(
            checkpoint,
            dtype,
            basis,
            Bert.Names("layoutlm") with
            {
                EveryRow = tensors => [.. Box.Select(side => new TensorRows(
                    tensors.Require(
                        $"layoutlm.embeddings.{side}_position_embeddings.weight", places, basis.Sizes.Hidden),
                    0,
                    1))],
            },
            head);
    }
}
