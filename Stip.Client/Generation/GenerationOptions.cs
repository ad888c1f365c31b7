using Stip.Client.Grammars;
using Stip.Client.Sampling;
using Stip.Client.Sound;

namespace Stip.Client.Generation;

/// <summary>When a generation stops and how its tokens are chosen.</summary>
public sealed record GenerationOptions
{
    /// <summary>Most tokens to generate, at least 1; null until the session is full.</summary>
    public int? MaxNewTokens { get; init; }

    /// <summary>How tokens are chosen; greedy by default.</summary>
    public SamplingOptions Sampling { get; init; } = new() { Temperature = 0 };

    /// <summary>The token that the answers of a model with an encoder begin with, in place of the bundle's
    /// <c>forced_bos_token_id</c>: the language to translate to. Where the decoder's first token is a language itself
    /// (mBART of 25 languages), in place of that. It is no part of the answer. Null (default) for the bundle's; other
    /// models have none.</summary>
    public int? FirstTokenId { get; init; }

    /// <summary>Texts that end the generation and are not part of it.</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>Special tokens whose words are a part of the text, as calls are read from it; default none.</summary>
    public IReadOnlySet<string> KeptSpecialTokens { get; init; } = new HashSet<string>();

    /// <summary>Goes on after the model's end-of-sequence tokens. Default false.</summary>
    public bool IgnoreEndOfSequence { get; init; }

    /// <summary>Brings the log probability of every token and of so many of the most likely ones, 0 to 64; null brings
    /// none (default). They are the model's own: temperature 1, nothing left out.</summary>
    public int? TopLogprobs { get; init; }

    /// <summary>What the text must be; null for anything (default). The generation ends where the grammar
    /// does.</summary>
    public TokenGrammar? Grammar { get; init; }

    /// <summary>Told every request of the generation as soon as it is answered, before the tokens that come of it; null
    /// (default) tells nobody. It runs within the generation: it must be quick and must not throw.</summary>
    public Action<SentStep>? Observer { get; init; }

    /// <summary>Cancelled by a reader that wants no more of this answer, one of several to a prompt: it ends with the
    /// step that is under way, and the others go on. Its last token has no finish reason. By default an answer goes on
    /// to its end.</summary>
    public CancellationToken Enough { get; init; }

    /// <summary>Guesses tokens ahead, from what was said before and with the model's draft where it has one, and lets
    /// the server judge several at once. The text is the same with and without. Default true.</summary>
    public bool Speculates { get; init; } = true;

    /// <summary>The tokens of times, which stand among those of the text; null (default) for a text without.</summary>
    internal SpeechTimes? Times { get; init; }
}
