namespace Stip.Export.Architectures;

/// <summary>Names of models with a head, and of the same models without it.</summary>
internal static class HeadNames
{
    // Longer ones before those that they end in.
    private static readonly string[] Writing = ["ForCausalLM", "WithLMHeadModel", "LMHeadModel"];

    private static readonly string[] Others =
    [
        "ForMaskedLM", "ForPreTraining", "ForSequenceClassification", "ForTokenClassification",
        "ForQuestionAnsweringSimple", "ForQuestionAnswering", "ForMultipleChoice", "ForNextSentencePrediction",
        "LMHead",
    ];

    private static readonly string[] Bare = ["Model", "TextModel", "EncoderModel", ""];

    /// <summary>What a model may be called without its head, the usual name first; none where there is none.</summary>
    public static IEnumerable<string> Without(string name)
    {
        var head = Writing.Concat(Others).FirstOrDefault(head => name.EndsWith(head, StringComparison.Ordinal));
        return head is null ? [] : Bare.Select(bare => name[..^head.Length] + bare);
    }

    /// <summary>True where its head tells the next word.</summary>
    public static bool Writes(string? name) =>
        Array.Exists(Writing, head => name?.EndsWith(head, StringComparison.Ordinal) == true);
}
