using System.CommandLine;
using System.Globalization;
using System.Numerics;
using Stip.Client.Generation;
using Stip.Client.Sampling;

namespace Stip.Gateway.Commands;

/// <summary>How an answer is chosen and when it ends.</summary>
internal sealed class AnswerOptions
{
    private const int DefaultMaxTokens = 256;

    private readonly Option<int> _maxTokens = Ranged(
        "--max-tokens", DefaultMaxTokens, 1, int.MaxValue, "Most tokens to generate.");

    private readonly Option<float> _temperature = Ranged(
        "--temperature", 0f, 0, 100, "0 takes the likeliest token, 1 follows the model.");

    private readonly Option<float> _topP = Ranged(
        "--top-p", 1f, 0, 1, "Keeps the likeliest tokens up to this mass.");

    private readonly Option<int> _topK = Ranged(
        "--top-k", 0, 0, int.MaxValue, "Keeps so many of the likeliest tokens; 0 keeps all.");

    private readonly Option<float> _minP = Ranged(
        "--min-p", 0f, 0, 1, "Keeps tokens at least so likely as this part of the likeliest.");

    private readonly Option<float> _repetitionPenalty = Ranged(
        "--repetition-penalty", 1f, float.Epsilon, 100, "Above 1 makes tokens that were there less likely.");

    private readonly Option<ulong?> _seed = new("--seed") { Description = "Makes sampling repeatable." };

    private readonly Option<string[]> _stop = new("--stop")
    {
        Description = "Text that ends the answer; repeat it for several.",
    };

    private readonly Option<bool> _ignoreEos = new("--ignore-eos")
    {
        Description = "Goes on after the model ended its text.",
    };

    private readonly Option<bool> _noSpeculation = new("--no-speculation")
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

    private static Option<T> Ranged<T>(string name, T value, T least, T most, string description)
        where T : struct, INumber<T>
    {
        var option = new Option<T>(name) { DefaultValueFactory = _ => value, Description = description };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<T>() is var given && !(given >= least && given <= most))
            {
                result.AddError(string.Create(
                    CultureInfo.InvariantCulture, $"{name} {given} is outside {Bound(least)}..{Bound(most)}"));
            }
        });
        return option;
    }

    private static string Bound<T>(T value)
        where T : struct, INumber<T> =>
        value is float.Epsilon ? "0 (not included)" : value.ToString(null, CultureInfo.InvariantCulture);
}
