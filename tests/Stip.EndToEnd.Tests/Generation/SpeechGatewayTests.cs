using System.ClientModel;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using OpenAI;
using OpenAI.Audio;
using Stip.Client.Sound;
using Stip.EndToEnd.Kit;
using Stip.EndToEnd.Tests.Fixtures;
using Stip.TestKit;
using Stip.TestKit.Processes;

namespace Stip.EndToEnd.Tests.Generation;

/// <summary>Sounds over the gateway: its command and OpenAI's routes, also with OpenAI's own client.</summary>
public sealed class SpeechGatewayTests(SharedServer shared)
{
    private const string Name = "whisper-gateway";

    private const string Generation =
        """
        {"is_multilingual": true, "lang_to_id": {"<|en|>": 27, "<|de|>": 28},
         "task_to_id": {"transcribe": 30, "translate": 31}, "no_timestamps_token_id": 32}
        """;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Transcribe_FromTheCommandLineAndOverHttp_IsWhatTheLibrarySays()
    {
        using var model = await SpeechModel.PushAsync(
            shared.Server, "sequences.json", "whisper", Name, Generation, """{"feature_size": 6}""");
        using var open = OpenModel.Open(shared.Server, model.Package);
        using var folder = new TemporaryFolder();
        var file = Tones.Wave(Tones.Make(6000, 4), 48_000);
        File.WriteAllBytes(folder.At("sound.wav"), file);
        var expected = await new Transcriber(open.Model).TranscribeAsync(
            WaveReader.Decode(file), new TranscriptionOptions { Language = "de" }, Cancellation);
        var timed = await new Transcriber(open.Model).TranscribeAsync(
            WaveReader.Decode(file), new TranscriptionOptions { Language = "de", HasTimes = true }, Cancellation);
        string[] arguments =
        [
            "transcribe", "--bundle", model.Package, "--endpoint", shared.Server.Endpoint.ToString(),
            "--api-key", shared.Server.ApiKey, "--language", "german", "--audio",
        ];

        var printed = await RunAsync([.. arguments, folder.At("sound.wav")]);
        var document = await RunAsync([.. arguments, folder.At("sound.wav"), "--json"]);
        var missing = await RunAsync([.. arguments, folder.At("none.wav")]);
        await using var gateway = await ServedGateway.StartAsync(shared.Server, [model.Package], Cancellation);
        var audio = new OpenAIClient(
            new ApiKeyCredential("unused"), new OpenAIClientOptions { Endpoint = gateway.Http.BaseAddress })
            .GetAudioClient(Name);
        var whole = await audio.TranscribeAudioAsync(
            new MemoryStream(file), "sound.wav",
            new AudioTranscriptionOptions
            {
                Language = "de",
                ResponseFormat = AudioTranscriptionFormat.Verbose,
                Temperature = 0,
                TimestampGranularities = AudioTimestampGranularities.Segment,
            },
            Cancellation);
        var translated = await audio.TranslateAudioAsync(new MemoryStream(file), "sound.wav", null, Cancellation);
        var (_, plain) = await PostAsync(gateway, file, ("language", "de"), ("response_format", "text"));

        Assert.Equal((0, 0, 1), (printed.ExitCode, document.ExitCode, missing.ExitCode));
        Assert.Equal(expected.Text, printed.Output.Trim());
        Assert.Equal(expected.Text, (string?)JsonNode.Parse(document.Output)!["text"]);
        Assert.Equal(0.125, (double)JsonNode.Parse(document.Output)!["duration"]!, 1e-6);
        Assert.Equal(timed.Text, whole.Value.Text);
        Assert.Equal(
            timed.Windows[0].Segments.Select(segment => (segment.Start, segment.End, segment.Text)),
            whole.Value.Segments.Select(segment => (segment.StartTime, segment.EndTime, segment.Text)));
        await AssertSubtitlesAsync(gateway, file, timed);
        Assert.Equal("german", whole.Value.Language);
        Assert.Equal(0.125, whole.Value.Duration!.Value.TotalSeconds, 1e-6);
        Assert.Equal(expected.Text, plain.Trim());
        Assert.NotNull(translated.Value.Text);
        await AssertRefusalsAsync(gateway, file);
    }

    private static async Task AssertSubtitlesAsync(ServedGateway gateway, byte[] file, Transcription timed)
    {
        var (_, srt) = await PostAsync(gateway, file, ("language", "de"), ("response_format", "srt"));
        var (_, vtt) = await PostAsync(gateway, file, ("language", "de"), ("response_format", "vtt"));

        var count = timed.Windows[0].Segments.Count(segment => segment.Text.Trim().Length > 0);
        Assert.Equal((count, count), (srt.Split(" --> ").Length - 1, vtt.Split(" --> ").Length - 1));
        Assert.StartsWith("1\n00:00:00,", srt, StringComparison.Ordinal);
        Assert.StartsWith("WEBVTT\n\n00:00:00.", vtt, StringComparison.Ordinal);
    }

    private static async Task AssertRefusalsAsync(ServedGateway gateway, byte[] file)
    {
        foreach (var (sent, fields, said) in new (byte[]?, (string, string)[], string)[]
        {
            ("no sound"u8.ToArray(), [], "must be a WAV file"),
            (null, [], "'file' is missing"),
            (file, [("language", "xx")], "has no language 'xx'; it has en, de"),
            (file, [("prompt", "Names: Ada")], "'prompt' is not supported"),
            (file, [("response_format", "ttml")], "'response_format' is not supported"),
            (file, [("stream", "true")], "'stream' is not supported"),
            (file, [("timestamp_granularities[]", "word")], "'timestamp_granularities[]' is not supported"),
            (file, [("temperature", "2")], "'temperature' is not a number in 0..1"),
            (Tones.Wave(new float[50]), [], "too short"),
        })
        {
            var (status, body) = await PostAsync(gateway, sent, fields);

            Assert.Equal(HttpStatusCode.BadRequest, status);
            Assert.Contains(
                said, (string?)JsonNode.Parse(body)!["error"]!["message"], StringComparison.Ordinal);
        }

        using var json = await gateway.Http.PostAsync(
            new Uri("audio/transcriptions", UriKind.Relative), new StringContent("{}"), Cancellation);
        Assert.Equal(HttpStatusCode.BadRequest, json.StatusCode);
        using var completion = await gateway.Http.PostAsync(
            new Uri("completions", UriKind.Relative),
            new StringContent(
                """{"model":"whisper-gateway","prompt":"a"}""", MediaTypeHeaderValue.Parse("application/json")),
            Cancellation);
        Assert.Contains(
            "writes down sounds", await completion.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    private static async Task<(HttpStatusCode Status, string Body)> PostAsync(
        ServedGateway gateway, byte[]? file, params (string Name, string Value)[] fields)
    {
        using var form = new MultipartFormDataContent { { new StringContent(Name), "model" } };
        if (file is not null)
        {
            form.Add(new ByteArrayContent(file), "file", "sound.wav");
        }

        foreach (var (name, value) in fields)
        {
            form.Add(new StringContent(value), name);
        }

        using var answer = await gateway.Http.PostAsync(
            new Uri("audio/transcriptions", UriKind.Relative), form, Cancellation);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancellation));
    }

    private static Task<ProgramRun> RunAsync(string[] arguments) =>
        ProgramRun.RunAsync("Stip.Gateway", arguments, cancellationToken: Cancellation);
}
