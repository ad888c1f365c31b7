using Stip.Export.Blocks;
using Stip.Export.Blocks.Vision;
using Stip.Export.Checkpoints;
using Stip.Onnx.Packages;

namespace Stip.Export.Architectures;

/// <summary>A model ready to be written.</summary>
/// <param name="Graph">From <c>inputs_embeds</c> on.</param>
/// <param name="HiddenSize">Width of a row.</param>
/// <param name="VocabSize">Rows of the token table; of a model without one, what it tells apart or its width.</param>
/// <param name="ContextLength">Most positions.</param>
/// <param name="IsTied">True where the head is the token table.</param>
/// <param name="Tables">The client's part by tensor name: token table first, then what is added to its rows.</param>
internal sealed record ExportedModel(
    ModelGraph Graph,
    int HiddenSize,
    int VocabSize,
    int ContextLength,
    bool IsTied,
    IReadOnlyDictionary<string, CheckpointTensor> Tables)
{
    /// <summary>Factor on the rows of the token table.</summary>
    public double EmbeddingScale { get; init; } = 1;

    /// <summary>Graphs from token ids on, by file, where a model is written as other exporters write it; null for
    /// graphs that begin with rows.</summary>
    public IReadOnlyDictionary<string, ModelGraph>? WholeGraphs { get; init; }

    /// <summary>What a classifier tells apart, null for other models.</summary>
    public Labels? Labels { get; init; }

    /// <summary>How a text becomes one vector where the model itself says it; null where the folder does, or
    /// nothing.</summary>
    public string? Pooling { get; init; }

    /// <summary>Token that texts are filled up with to the most that the model takes, and that counts like any other;
    /// null where nothing is added.</summary>
    public int? FillTokenId { get; init; }

    /// <summary>The client's part where an image goes in, null where text alone does.</summary>
    public PatchGraph? Patches { get; init; }

    /// <summary>From patches to rows of the decoder, null for models that see with <see cref="Graph"/> or not at
    /// all.</summary>
    public EncoderGraph? Vision { get; init; }

    /// <summary>The token whose rows are an image's, null where there is none.</summary>
    public int? ImageTokenId { get; init; }

    /// <summary><c>decoder</c>, <c>encoder</c>, <c>image</c> or <c>vision-language</c>.</summary>
    public string Kind => this switch
    {
        { Vision: not null } => ModelKinds.VisionLanguage,
        { Patches: not null } => ModelKinds.Image,
        { Graph: DecoderGraph { HasCache: true } } => ModelKinds.Decoder,
        _ => ModelKinds.Encoder,
    };

    /// <summary>A model that is written as other exporters write it, from pixels or sounds on.</summary>
    /// <param name="encoder">Its graph.</param>
    /// <param name="vocabSize">What it tells apart, or its width.</param>
    public static ExportedModel FromSignals(EncoderGraph encoder, int vocabSize) => new(
        encoder,
        encoder.HiddenSize,
        vocabSize,
        int.MaxValue,
        IsTied: false,
        new Dictionary<string, CheckpointTensor>())
    {
        WholeGraphs = new Dictionary<string, ModelGraph> { ["vision.onnx"] = encoder },
    };
}
