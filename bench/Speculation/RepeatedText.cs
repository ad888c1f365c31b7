using Stip.Client.Tokenization;

namespace Stip.Bench.Speculation;

/// <summary>A question, and how its answer is drawn.</summary>
/// <param name="Name">As the table names it.</param>
/// <param name="Prompt">Raw text, or a whole chat.</param>
/// <param name="Temperature">0 is greedy.</param>
/// <param name="IsAskedTwice">The answer is asked for again in the same conversation; the second one counts.</param>
internal sealed record RepeatedText(string Name, string Prompt, float Temperature = 0, bool IsAskedTwice = false)
{
    private const string Fox = "Tell me the fable of The Fox and the Crow.";

    /// <summary>Three that repeat themselves, one that the models know, one that nobody does.</summary>
    public static IReadOnlyList<RepeatedText> All { get; } =
    [
        new("a fable, asked for again", Chat(Fox), IsAskedTwice: true),
        new("a fable, asked for again, temperature 0.8", Chat(Fox), 0.8f, IsAskedTwice: true),
        new("a dialogue that goes round in circles", "The fox and the crow and the fox and the crow and the fox"),
        new("a fable, asked for once", Chat(Fox)),
        new("a new story, temperature 0.8", "Once upon a time", 0.8f),
    ];

    public int[] Ids(TextTokenizer tokenizer) => tokenizer.Encode(Prompt, addSpecialTokens: !Prompt.StartsWith('<'));

    /// <summary>The same question after its answer.</summary>
    public RepeatedText After(string answer) => this with { Prompt = $"{Prompt}{answer}<|end|>\n{Prompt}" };

    private static string Chat(string question) => $"<|user|>\n{question}<|end|>\n<|assistant|>\n";
}
