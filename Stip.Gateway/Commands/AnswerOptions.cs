using System.CommandLine;
using Stip.Client.Generation;
using Stip.Client.Sampling;

namespace Stip.Gateway.Commands;

/// <summary>How an answer is chosen and when it ends.</summary>
internal sealed class AnswerOptions
{
    private const int DefaultMaxTokens = 256;

    private readonly Option<int> _maxTokens = NumberOption.Create(
        "--max-tokens", DefaultMaxTokens, 1, int.MaxValue, "Most tokens to generate.");

    private readonly Option<float> _temperature = NumberOption.Create(
        "--temperature", 0f, 0, 100, "0 takes the likeliest token, 1 follows the model.");

    private readonly Option<float> _topP = NumberOption.Create(
        "--top-p", 1f, 0, 1, "Keeps the likeliest tokens up to this mass.");

    private readonly Option<int> _topK = NumberOption.Create(
        "--top-k", 0, 0, int.MaxValue, "Keeps so many of the likeliest tokens; 0 keeps all.");

    private readonly Option<float> _minP = NumberOption.Create(
        "--min-p", 0f, 0, 1, "Keeps tokens at least so likely as this part of the likeliest.");

    private readonly Option<float> _repetitionPenalty = NumberOption.Create(
        "--repetition-penalty", 1f, float.Epsilon, 100, "Above 1 makes tokens that were there less likely.");

    private readonly Option<ulong?> _seed = NumberOption.CreateOptional<ulong>(
        "--seed", 0, ulong.MaxValue, "Makes sampling repeatable.");

    private readonly Option<string[]> _stop = new("--stop")
    {
        Description = "Text that ends the answer; repeat it for several.",
    };

    private readonly Option<bool> _ignoreEos = new("--ignore-eos")
    {
        Description = "Goes on after the model ended its text.",
    };

    private readonly Option<bool> _noSpeculation = CreateNoSpeculation();

    /// <summary>Whether guesses are left out.</summary>
    public static Option<bool> CreateNoSpeculation() => new("--no-speculation")
    {
        Description = "Asks for one token a round; the text is the same.",
    };

    public void AddTo(Command command)
    {
        Option[] all =
        [
            _maxTokens, _temperature, _topP, _topK, _minP, _repetitionPenalty, _seed, _stop, _ignoreEos,
            _noSpeculation,
        ];
        Array.ForEach(all, command.Options.Add);
    }

    public GenerationOptions Read(ParseResult parsed) => new()
    {
        MaxNewTokens = parsed.GetValue(_maxTokens),
        StopStrings = parsed.GetValue(_stop) ?? [],
        IgnoreEndOfSequence = parsed.GetValue(_ignoreEos),
        Speculates = !parsed.GetValue(_noSpeculation),
        Sampling = new SamplingOptions
        {
            Temperature = parsed.GetValue(_temperature),
            TopP = parsed.GetValue(_topP),
            TopK = parsed.GetValue(_topK),
            MinP = parsed.GetValue(_minP),
            RepetitionPenalty = parsed.GetValue(_repetitionPenalty),
            Seed = parsed.GetValue(_seed),
        },
    };
}
