using Stip.Export.Blocks;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures;

/// <summary>RoBERTa, XLM-RoBERTa and CamemBERT: BERT whose positions begin after the padding token's id.</summary>
internal sealed class Roberta(string name, string modelType, TextHead head) : IArchitecture
{
    private const int DefaultPadding = 1;

    private static readonly TextEncoderNames Names = new(
        Words: "roberta.embeddings.word_embeddings.weight",
        Positions: "roberta.embeddings.position_embeddings.weight",
        TokenTypes: "roberta.embeddings.token_type_embeddings.weight",
        EmbeddingNorm: "roberta.embeddings.LayerNorm",
        Layers: "roberta.encoder.layer",
        Bert.Layer,
        new MaskedWordsHead("lm_head.dense", "lm_head.layer_norm", "lm_head.decoder.weight", "lm_head.bias"),
        new ClassifierHead("classifier.dense", "tanh", "classifier.out_proj"));

    public string Name => name;

    public string ModelType => head == TextHead.Hidden ? modelType : "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var padding = checkpoint.Config.TokenIds("pad_token_id") is [var id, ..] ? id : DefaultPadding;
        return TextEncoder.Build(
            checkpoint, dtype, Bert.ReadConfig(checkpoint.Config, firstPosition: padding + 1), Names, head);
    }
}
