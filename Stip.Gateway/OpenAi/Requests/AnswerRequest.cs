using System.Text.Json;
using Stip.Client.Generation;
using Stip.Client.Generation.Choices;
using Stip.Client.Grammars;
using Stip.Client.Sampling;
using Stip.Gateway.OpenAi.Steps;
using Stip.Gateway.Serving;

namespace Stip.Gateway.OpenAi.Requests;

/// <summary>What <c>/v1/chat/completions</c> and <c>/v1/completions</c> have in common.</summary>
internal sealed record AnswerRequest(
    StipModel Model, GenerationOptions Options, int Choices, bool Streams, bool IncludesUsage)
{
    /// <summary>What is sent for the answer, where the caller wants to see it; else null.</summary>
    public StepFeed? Steps { get; init; }

    private const int MostChoices = 32;

    // As vLLM, llama.cpp and others have it.
    private const long NoSeed = -1;

    /// <summary>Reads a JSON body; anything else is refused, so that no page of another site can post a form
    /// here.</summary>
    public static async Task<RequestFields> ReadBodyAsync(HttpRequest request)
    {
        if (!request.HasJsonContentType())
        {
            throw OpenAiException.Invalid("the body is not application/json", null);
        }

        try
        {
            using var document = await JsonDocument.ParseAsync(
                request.Body, default, request.HttpContext.RequestAborted);
            return Fields(document.RootElement);
        }
        catch (JsonException)
        {
            throw OpenAiException.Invalid("the body is not JSON", null);
        }
    }

    /// <summary>The fields of a body, whose text is judged as a whole.</summary>
    public static RequestFields Fields(JsonElement body)
    {
        if (body.ValueKind != JsonValueKind.Object)
        {
            throw OpenAiException.Invalid("the body is not a JSON object", null);
        }

        BodyText.Judge(body);
        return new RequestFields(body.Clone());
    }

    public static AnswerRequest Read(
        RequestFields fields, ServedModels models, TimeProvider time, int? defaultMaxTokens, int? topLogprobs)
    {
        UnsupportedFields.Refuse(fields);
        var model = models.Find(fields.Text("model"));
        var streams = fields.Flag("stream");
        var streamOptions = fields.Find("stream_options");
        if (streamOptions is not null && (!streams || streamOptions.Value.ValueKind != JsonValueKind.Object))
        {
            throw RequestFields.Wrong("stream_options", "an object beside 'stream': true");
        }

        return new AnswerRequest(
            model,
            ReadOptions(fields, model, defaultMaxTokens) with
            {
                TopLogprobs = topLogprobs,
                Speculates = models.Speculates,
            },
            fields.Integer("n", 1, MostChoices) ?? 1,
            streams,
            streamOptions is { } options && new RequestFields(options).Flag("include_usage"))
        {
            Steps = streamOptions is { } more && new RequestFields(more).Flag("include_steps")
                ? new StepFeed(model, models.PlainRows(model), time)
                : null,
        };
    }

    /// <summary>The same, its text following a grammar.</summary>
    /// <param name="grammar">Null for any text.</param>
    /// <param name="keptTokens">Special tokens that the text keeps; null for those that it has.</param>
    public AnswerRequest With(TokenGrammar? grammar, IReadOnlySet<string>? keptTokens = null) =>
        this with
        {
            Options = Options with
            {
                Grammar = grammar,
                KeptSpecialTokens = keptTokens ?? Options.KeptSpecialTokens,
            },
        };

    /// <summary>The options of each choice: each has a seed of its own.</summary>
    public IReadOnlyList<GenerationOptions> OptionsOfAll() =>
    [
        .. Enumerable.Range(0, Choices).Select(choice => Options.OfChoice(choice) with
        {
            Observer = Steps?.Observer(choice),
        }),
    ];

    private static GenerationOptions ReadOptions(RequestFields fields, StipModel model, int? defaultMaxTokens)
    {
        var stops = fields.Texts("stop");
        if (stops.Contains(""))
        {
            throw RequestFields.Wrong("stop", "one or more strings that are not empty");
        }

        return new GenerationOptions
        {
            MaxNewTokens = fields.Integer("max_completion_tokens", 1, int.MaxValue)
                ?? fields.Integer("max_tokens", 1, int.MaxValue)
                ?? defaultMaxTokens,
            FirstTokenId = Languages.First(model, fields.FindText("target_language")),
            StopStrings = stops,
            IgnoreEndOfSequence = fields.Flag("ignore_eos"),
            Sampling = new SamplingOptions
            {
                Temperature = fields.Number("temperature", 0, 2) ?? 1,
                TopP = fields.Number("top_p", 0, 1) ?? 1,
                TopK = Math.Max(0, fields.Integer("top_k", -1, int.MaxValue) ?? 0),
                MinP = fields.Number("min_p", 0, 1) ?? 0,
                RepetitionPenalty = fields.Number("repetition_penalty", 0.01, 100) ?? 1,
                PresencePenalty = fields.Number("presence_penalty", -2, 2) ?? 0,
                FrequencyPenalty = fields.Number("frequency_penalty", -2, 2) ?? 0,
                LogitBias = LogitBias.Read(fields, model.Bundle.Manifest.VocabSize),
                Seed = fields.Long("seed") is { } seed and not NoSeed ? unchecked((ulong)seed) : null,
            },
        };
    }
}
