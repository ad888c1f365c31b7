namespace Stip.Bench.Paper;

/// <summary>Figures of others, as the paper's text states them. None of them was run here.</summary>
internal static class Quoted
{
    /// <summary>CipherGPT on GPT2-124m, tokens a second (§7.4).</summary>
    public const double CipherGptRate = 6.7e-4;

    /// <summary>The paper's own STIP on GPT2-124m with four A100, tokens a second (§7.4).</summary>
    public const double PaperStipRate = 45_366;

    /// <summary>CipherGPT on GPT2-124m, one forward pass, MiB (§7.5).</summary>
    public const double CipherGptMib = 95_151;

    /// <summary>The paper's STIP on GPT2-124m, one forward pass, MiB up and down (§7.5).</summary>
    public const string PaperStipMib = "5.8 / 7.5";

    public const double Gpt2Parameters = 124e6;

    /// <summary>Largest model of Iron (BERT-Large), of THE-X (BERT-Tiny) and of the paper (§7.4, table 5). Which model
    /// the first two ran is our reading of the paper's tables 1 and 5.</summary>
    public static IReadOnlyList<(string Name, double Parameters)> Scales { get; } =
        [
            ("Iron (our reading)", 336e6), ("THE-X (our reading)", 4e6), ("CipherGPT (quoted)", 124e6),
            ("paper's STIP (quoted)", 70e9),
        ];
}
