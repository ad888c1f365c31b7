using System.CommandLine;
using Stip.Client.Sound;
using Stip.Gateway.Terminal;

namespace Stip.Gateway.Commands;

/// <summary><c>transcribe</c>: what is said in a sound.</summary>
internal static class TranscribeCommand
{
    private const float MostTemperature = 1;
    private const string PlainText = "text";
    private const string SubRip = "srt";
    private const string WebVtt = "vtt";

    public static Command Create()
    {
        var connection = new ConnectionOptions();
        var audio = AudioOption.Create();
        var model = new Option<string?>("--model") { Description = "Which of several bundles." };
        var json = new Option<bool>("--json") { Description = "Prints one JSON document." };
        var language = new Option<string?>("--language")
        {
            Description = "Language that is spoken (de, german); without it the model judges.",
        };
        var task = new Option<SpeechTask>("--task")
        {
            Description = "transcribe, or translate into English, where the model can.",
        };
        var temperature = new Option<float>("--temperature")
        {
            Description = "0 to 1; 0, the usual, takes the likeliest tokens.",
        };
        temperature.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<float>() is not (>= 0 and <= MostTemperature))
            {
                result.AddError("--temperature is a number from 0 to 1");
            }
        });
        var format = new Option<string>("--format")
        {
            Description = "text, or subtitles of the model's own times: srt or vtt (Whisper).",
            DefaultValueFactory = _ => PlainText,
        };
        format.AcceptOnlyFromAmong(PlainText, SubRip, WebVtt);
        var times = new Option<bool>("--timestamps") { Description = "Segments with their times in --json (Whisper)." };
        var command = new Command("transcribe", "Writes down what is said in a WAV file (Whisper, Moonshine).")
        {
            audio, language, task, temperature, format, times, model, json,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(json) && result.GetValue(format) is SubRip or WebVtt)
            {
                result.AddError("--json and subtitles are one or the other");
            }

            if (result.GetValue(times) && !result.GetValue(json) && result.GetValue(format) is not (SubRip or WebVtt))
            {
                result.AddError("--timestamps needs --json, or a --format of subtitles");
            }
        });
        connection.AddTo(command, takesDraft: false);
        command.SetAction(async (parsed, cancellation) =>
        {
            var sound = AudioOption.Read(parsed.GetRequiredValue(audio));
            using var open = connection.Open(parsed);
            var transcriber = new Transcriber(open.Pick(parsed.GetValue(model)));
            var options = new TranscriptionOptions
            {
                Language = parsed.GetValue(language),
                Task = parsed.GetValue(task),
                Temperature = parsed.GetValue(temperature),
                HasTimes = parsed.GetValue(times) || parsed.GetValue(format) != PlainText,
            };
            await PrintAsync(
                transcriber, sound, options, parsed.GetValue(json) ? "" : parsed.GetValue(format)!, cancellation);
            return ExitCodes.Done;
        });
        return command;
    }

    private static async Task PrintAsync(
        Transcriber transcriber,
        Waveform sound,
        TranscriptionOptions options,
        string format,
        CancellationToken cancellation)
    {
        if (format != PlainText)
        {
            var found = await transcriber.TranscribeAsync(sound, options, cancellation);
            Console.Out.Write(format switch
            {
                SubRip => Subtitles.SubRip(found),
                WebVtt => Subtitles.WebVtt(found),
                _ => Document(found, options) + Environment.NewLine,
            });
            return;
        }

        var isFirst = true;
        await foreach (var window in transcriber.TranscribeWindowsAsync(sound, options, cancellation))
        {
            Console.Out.Write(isFirst ? window.Text.TrimStart() : window.Text);
            Console.Out.Flush();
            isFirst = false;
        }

        Console.Out.WriteLine();
    }

    private static string Document(Transcription found, TranscriptionOptions options) => EncoderJson.Write(new
    {
        found.Text,
        found.Language,
        Duration = found.Duration.TotalSeconds,
        Windows = found.Windows.Select(window => new
        {
            Start = window.Start.TotalSeconds,
            End = window.End.TotalSeconds,
            window.Text,
            window.TokenIds,
            Segments = options.HasTimes
                ? window.Segments.Select(segment => new
                {
                    Start = segment.Start.TotalSeconds,
                    End = segment.End.TotalSeconds,
                    segment.Text,
                })
                : null,
        }),
    });
}
