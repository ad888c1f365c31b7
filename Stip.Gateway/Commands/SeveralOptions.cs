using System.CommandLine;
using Stip.Client.Generation;
using Stip.Client.Generation.Beams;
using Stip.Client.Sampling;
using Stip.Gateway.Terminal;

namespace Stip.Gateway.Commands;

/// <summary>More than one answer, or the best of several under way.</summary>
internal sealed class SeveralOptions
{
    private const int MostChoices = 32;

    private readonly Option<int> _choices = NumberOption.Create(
        "--choices", 1, 1, MostChoices, "Answers to the prompt, which is sent once; with beams the best of them.");

    private readonly Option<int?> _beams = NumberOption.CreateOptional<int>(
        "--num-beams", 2, BeamOptions.MostBeams, "Beam search with so many answers under way.");

    private readonly Option<double> _lengthPenalty = NumberOption.Create(
        "--length-penalty", 1d, -BeamOptions.MostLengthPenalty, BeamOptions.MostLengthPenalty,
        "Of beam search: above 0 longer answers gain, below 0 shorter ones.");

    private readonly Option<string> _earlyStopping = new("--early-stopping")
    {
        DefaultValueFactory = _ => "false",
        Description = "Of beam search, as in transformers: false, true or never.",
    };

    public SeveralOptions() => _earlyStopping.AcceptOnlyFromAmong("false", "true", "never");

    public void AddTo(Command command)
    {
        Option[] all = [_choices, _beams, _lengthPenalty, _earlyStopping];
        Array.ForEach(all, command.Options.Add);
    }

    public int Choices(ParseResult parsed) => parsed.GetValue(_choices);

    /// <summary>The beam search that is asked for; null for none.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="options">How answers are drawn and end otherwise.</param>
    public BeamOptions? Beams(ParseResult parsed, GenerationOptions options)
    {
        var (beams, choices) = (parsed.GetValue(_beams), parsed.GetValue(_choices));
        if (beams is not { } count)
        {
            return parsed.GetResult(_lengthPenalty) is { Implicit: false }
                || parsed.GetResult(_earlyStopping) is { Implicit: false }
                ? throw new RefusedException("--length-penalty and --early-stopping are of --num-beams")
                : null;
        }

        var penalty = options.Sampling.RepetitionPenalty;
        if (options.StopStrings.Count > 0 || options.Sampling != new SamplingOptions
        {
            Temperature = 0,
            RepetitionPenalty = penalty,
            LogitBias = options.Sampling.LogitBias,
        })
        {
            throw new RefusedException(
                "--num-beams looks for the likeliest answers: it draws nothing and takes no --stop");
        }

        if (choices > count)
        {
            throw new RefusedException($"--choices {choices} is more than the {count} of --num-beams");
        }

        return new BeamOptions
        {
            Beams = count,
            Returned = choices,
            LengthPenalty = parsed.GetValue(_lengthPenalty),
            Stopping = parsed.GetValue(_earlyStopping) switch
            {
                "true" => BeamStopping.First,
                "never" => BeamStopping.Never,
                _ => BeamStopping.Heuristic,
            },
            MaxNewTokens = options.MaxNewTokens,
            FirstTokenId = options.FirstTokenId,
            IgnoreEndOfSequence = options.IgnoreEndOfSequence,
            RepetitionPenalty = penalty,
        };
    }
}
