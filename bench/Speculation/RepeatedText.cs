using Stip.Client.Tokenization;

namespace Stip.Bench.Speculation;

/// <summary>A prompt, and how its answer is drawn.</summary>
internal sealed record RepeatedText(string Name, string Prompt, float Temperature = 0)
{
    private const string Fable =
        "A CROW having stolen a bit of meat, perched in a tree and held it in her beak. A Fox, seeing this, longed to "
        + "possess the meat himself, and by a wily stratagem succeeded. \"How handsome is the Crow,\" he exclaimed, in "
        + "the beauty of her shape and in the fairness of her complexion!";

    /// <summary>Three that repeat themselves, one that the models know, one that nobody does.</summary>
    public static IReadOnlyList<RepeatedText> All { get; } =
    [
        new("a list said over and over", string.Concat(Enumerable.Repeat("the fox, the crow, the wolf, ", 8))),
        new("a sentence said over and over", string.Concat(Enumerable.Repeat("The fox saw the crow in a tree. ", 8))),
        new("a fable told twice, begun again", $"{Fable}\n\n{Fable}\n\nA CROW having stolen a bit"),
        new("a fable that the model knows", Chat("Tell me the fable of The Fox and the Crow.")),
        new("a new story, temperature 0.8", "Once upon a time", 0.8f),
    ];

    public int[] Ids(TextTokenizer tokenizer) => tokenizer.Encode(Prompt, addSpecialTokens: !Prompt.StartsWith('<'));

    private static string Chat(string question) => $"<|user|>\n{question}<|end|>\n<|assistant|>\n";
}
