using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>A decoder that reads whole texts in one pass, without a cache: one that embeds texts, or one that labels
/// them by what stands at their last token. Tokens see those before them, or all where config.json says so.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="decoder">The decoder.</param>
/// <param name="end">What it gives.</param>
/// <param name="root">What names of the decoder's tensors begin with.</param>
internal sealed class WholeTextDecoder(string name, IArchitecture decoder, DecoderEnd end, string root = "model.")
    : IArchitecture
{
    // Checkpoints without a head are saved with the decoder's own names or without what they begin with, those that
    // answer questions with a name that they have from older ones.
    private readonly (string, string)[] _prefixes =
    [
        (root, root),
        .. end == DecoderEnd.Answer ? [(root, "transformer.")] : Array.Empty<(string, string)>(),
        (root, ""),
        ("score.", "score."),
        ("classifier.", "classifier."),
        ("qa_outputs.", "qa_outputs."),
    ];

    public string Name => name;

    // That is the decoder's own.
    public string ModelType => "";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var seesAll = !config.Flag("is_causal", true) || config.Flag("use_bidirectional_attention", false);
        return decoder.Build(checkpoint.WholeTexts(end, _prefixes, seesAll), dtype);
    }
}
