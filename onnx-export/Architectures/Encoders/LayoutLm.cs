using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>LayoutLM: BERT whose tokens stand in boxes on a page, which the client adds to their rows; where none is
/// given each stands in a box of zeros.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class LayoutLm(string name, TextHead head) : IArchitecture
{
    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? "layoutlm" : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var basis = Bert.ReadConfig(checkpoint.Config, firstPosition: 0);
        var places = checkpoint.Config.FindSize("max_2d_position_embeddings") ?? PageBoxes.DefaultPlaces;
        var width = basis.Sizes.Hidden;
        return TextEncoder.Build(
            checkpoint,
            dtype,
            basis,
            Bert.Names("layoutlm") with
            {
                Boxes = tensors => PageBoxes.Tables(
                    tensors, "layoutlm.embeddings", places, (width, width), (_, table, _) => table),
            },
            head);
    }
}
