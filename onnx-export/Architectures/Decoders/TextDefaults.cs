using Stip.Export.Checkpoints;

namespace Stip.Export.Architectures.Decoders;

/// <summary>What the configuration of a decoder inside a larger model leaves out: files of such models hold only what
/// differs from the values that transformers gives a decoder of that kind.</summary>
internal static class TextDefaults
{
    /// <summary>The configuration of the decoder inside a larger model, with what it leaves out.</summary>
    /// <param name="text">What the file says of it.</param>
    /// <param name="kind">Its <c>model_type</c> where the file does not say.</param>
    /// <param name="hasHead">True where the checkpoint has a language head of its own.</param>
    public static ConfigJson Complete(ConfigJson text, string kind, bool hasHead)
    {
        var complete = text
            .WithDefaults($$"""{"model_type": "{{kind}}"}""")
            .WithDefaults(PublishedDefaults.Of(text.Text("model_type") ?? kind));

        // Two flags may say it, of the whole and of the part, and differ; what is stored does not.
        return complete.With(hasHead ? """{"tie_word_embeddings": false}""" : """{"tie_word_embeddings": true}""");
    }
}
