using System.CommandLine;
using Stip.Client.Sound;
using Stip.Gateway.Terminal;

namespace Stip.Gateway.Commands;

/// <summary><c>transcribe</c>: what is said in a sound.</summary>
internal static class TranscribeCommand
{
    private const float MostTemperature = 1;

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
        var command = new Command("transcribe", "Writes down what is said in a WAV file (Whisper, Moonshine).")
        {
            audio, language, task, temperature, model, json,
        };
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
            };
            await PrintAsync(transcriber, sound, options, parsed.GetValue(json), cancellation);
            return ExitCodes.Done;
        });
        return command;
    }

    private static async Task PrintAsync(
        Transcriber transcriber,
        Waveform sound,
        TranscriptionOptions options,
        bool asJson,
        CancellationToken cancellation)
    {
        if (asJson)
        {
            var found = await transcriber.TranscribeAsync(sound, options, cancellation);
            Console.Out.WriteLine(EncoderJson.Write(new
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
                }),
            }));
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
}
