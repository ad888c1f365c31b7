using Stip.Client.Bundles;
using Stip.Client.Sound;
using Stip.Gateway.Serving;

namespace Stip.Gateway.OpenAi.Audio;

/// <summary><c>POST /v1/audio/transcriptions</c> and <c>POST /v1/audio/translations</c>: what is said in a sound, in
/// its language or in English.</summary>
internal static class TranscriptionEndpoint
{
    private const string Json = "json";
    private const string Text = "text";
    private const string Verbose = "verbose_json";
    private const float MostTemperature = 1;

    public static void MapTranscriptions(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/audio/transcriptions", (HttpContext context, ServedModels models) =>
            WriteAsync(context, models, SpeechTask.Transcribe));
        routes.MapPost("/v1/audio/translations", (HttpContext context, ServedModels models) =>
            WriteAsync(context, models, SpeechTask.Translate));
    }

    private static async Task<IResult> WriteAsync(HttpContext context, ServedModels models, SpeechTask task)
    {
        var form = await AudioForm.ReadAsync(context.Request);
        var model = models.Find(form.Text("model"));
        if (!model.ReadsSound)
        {
            throw OpenAiException.Unsupported("model", $"'{model.Id}' reads no sounds");
        }

        var format = form.Find("response_format") ?? Json;
        if (format is not (Json or Text or Verbose))
        {
            throw OpenAiException.Unsupported("response_format", $"{Json}, {Text} or {Verbose}: there are no times");
        }

        var options = new TranscriptionOptions
        {
            Language = form.Find("language"),
            Task = task,
            Temperature = form.Number("temperature", 0, MostTemperature) ?? 0,
        };
        var sound = await form.SoundAsync(context.RequestAborted);
        return Answer(await HearAsync(new Transcriber(model), sound, options, context.RequestAborted), task, format);
    }

    private static async Task<Transcription> HearAsync(
        Transcriber transcriber, Waveform sound, TranscriptionOptions options, CancellationToken cancellationToken)
    {
        try
        {
            return await transcriber.TranscribeAsync(sound, options, cancellationToken);
        }
        catch (InvalidDataException refused)
        {
            throw OpenAiException.Invalid(refused.Message, "file");
        }
        catch (BundleException refused) when (options.Language is not null)
        {
            throw OpenAiException.Invalid(refused.Message, "language");
        }
    }

    private static IResult Answer(Transcription found, SpeechTask task, string format)
    {
        if (format == Text)
        {
            return Results.Text(found.Text + "\n");
        }

        var usage = new { Type = "duration", Seconds = (long)Math.Ceiling(found.Duration.TotalSeconds) };
        var language = found.Language is { } code ? SpeechLanguages.NameOf(code) ?? code : "";
        return format == Json
            ? Results.Json(new { found.Text, Usage = usage }, OpenAiJson.Options)
            : Results.Json(
                new
                {
                    Task = task == SpeechTask.Transcribe ? "transcribe" : "translate",
                    Language = language,
                    Duration = found.Duration.TotalSeconds,
                    found.Text,
                    Usage = usage,
                },
                OpenAiJson.Options);
    }
}
