using System.Globalization;
using System.Text.Json;
using Stip.Export.Checkpoints;
using Stip.Onnx;

namespace Stip.Export.Architectures;

/// <summary>What a classifier tells apart.</summary>
/// <param name="Names">Names by index.</param>
/// <param name="AreExclusive">True where exactly one label holds (softmax); false where each holds by itself
/// (sigmoid).</param>
internal sealed record Labels(IReadOnlyList<string> Names, bool AreExclusive)
{
    /// <summary>True where logits are what the model says (regression): they are scores as they come.</summary>
    public bool AreValues { get; private init; }

    private const int DefaultCount = 2;
    private const string Reranker = "sentence_transformers";
    private const string Function = "activation_fn";

    /// <summary>Of a head that gives one number for each of several choices.</summary>
    public static Labels OfChoice { get; } = new(["chosen"], AreExclusive: false);

    /// <summary>Reads <c>id2label</c>, or <c>num_labels</c> where it is absent.</summary>
    public static Labels Read(ConfigJson config)
    {
        var byId = config.TextsById("id2label");
        if (byId.Count == 0)
        {
            var count = config.FindSize("num_labels") ?? DefaultCount;
            byId = Enumerable.Range(0, count).ToDictionary(id => id, Default);
        }

        if (byId.Keys.Min() < 0 || byId.Keys.Max() != byId.Count - 1)
        {
            throw new RefusedException(
                $"config.json: id2label names {byId.Count} labels, but not 0..{byId.Count - 1}");
        }

        return new Labels(
            [.. Enumerable.Range(0, byId.Count).Select(id => byId[id])],
            byId.Count > 1 && config.Text("problem_type") is not "multi_label_classification")
        {
            AreValues = config.Text("problem_type") is "regression" || (byId.Count == 1 && GivesNumber(config)),
        };
    }

    /// <summary>The same of each token, which is one of them whatever <c>problem_type</c> says.</summary>
    public static Labels OfTokens(ConfigJson config) => new(Read(config).Names, AreExclusive: true);

    /// <summary>Fields of config.json that say what a reranker makes of its logits.</summary>
    /// <param name="function">A class of torch.</param>
    public static string Activation(string function) => JsonSerializer.Serialize(
        new Dictionary<string, Dictionary<string, string>> { [Reranker] = new() { [Function] = function } });

    // Rerankers of sentence-transformers: without a function their number is squashed to 0..1.
    private static bool GivesNumber(ConfigJson config) =>
        (config.Section(Reranker)?.Text(Function) ?? config.Text("sbert_ce_default_activation_function"))
        ?.EndsWith(".Identity", StringComparison.Ordinal) == true;

    private static string Default(int id) => string.Create(CultureInfo.InvariantCulture, $"LABEL_{id}");
}
