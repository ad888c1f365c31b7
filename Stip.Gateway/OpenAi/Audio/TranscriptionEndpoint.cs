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
    private const string SubRip = "srt";
    private const string WebVtt = "vtt";
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

        var transcriber = new Transcriber(model);
        var format = FormatOf(form, transcriber);
        var options = new TranscriptionOptions
        {
            Language = form.Find("language"),
            Task = task,
            Temperature = form.Number("temperature", 0, MostTemperature) ?? 0,
            HasTimes = format is SubRip or WebVtt || (format == Verbose && transcriber.HasTimes),
        };
        var sound = await form.SoundAsync(context.RequestAborted);
        return Answer(await HearAsync(transcriber, sound, options, context.RequestAborted), options, format);
    }

    private static string FormatOf(AudioForm form, Transcriber transcriber)
    {
        var format = form.Find("response_format") ?? Json;
        return format is SubRip or WebVtt && !transcriber.HasTimes
            ? throw OpenAiException.Unsupported("response_format", "the model writes no times")
            : format is Json or Text or Verbose or SubRip or WebVtt ? format
            : throw OpenAiException.Unsupported(
                "response_format", $"{Json}, {Text}, {Verbose}, {SubRip} or {WebVtt}");
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

    private static IResult Answer(Transcription found, TranscriptionOptions options, string format) => format switch
    {
        Text => Results.Text(found.Text + "\n"),
        SubRip => Results.Text(Subtitles.SubRip(found)),
        WebVtt => Results.Text(Subtitles.WebVtt(found)),
        Json => Results.Json(new { found.Text, Usage = UsageOf(found) }, OpenAiJson.Options),
        _ => Results.Json(
            new
            {
                Task = options.Task == SpeechTask.Transcribe ? "transcribe" : "translate",
                Language = found.Language is { } code ? SpeechLanguages.NameOf(code) ?? code : "",
                Duration = found.Duration.TotalSeconds,
                found.Text,
                Segments = SegmentObject.Of(found, options.Temperature),
                Usage = UsageOf(found),
            },
            OpenAiJson.Options),
    };

    private static object UsageOf(Transcription found) =>
        new { Type = "duration", Seconds = (long)Math.Ceiling(found.Duration.TotalSeconds) };
}
