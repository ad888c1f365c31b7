using Stip.Export.Blocks.Heads;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Encoders;

/// <summary>RemBERT: BERT with narrow tables on the way in and wide rows on the way out.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="head">What it ends in.</param>
internal sealed class RemBert(string name, TextHead head) : IArchitecture
{
    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? "rembert" : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        return TextEncoder.Build(
            checkpoint,
            dtype,
            Bert.ReadConfig(config, firstPosition: 0) with
            {
                RowSize = config.FindSize("input_embedding_size") ?? 256,
                HeadRowSize = config.FindSize("output_embedding_size") ?? 1664,
                IsTied = false,
            },
            Bert.Names("rembert") with
            {
                Projection = "rembert.encoder.embedding_hidden_mapping_in",
                AlwaysProjects = true,
                MaskedWords = new MaskedWordsHead(
                    "cls.predictions.dense",
                    "cls.predictions.LayerNorm",
                    "cls.predictions.decoder.weight",
                    "cls.predictions.decoder.bias"),
            },
            head);
    }
}
