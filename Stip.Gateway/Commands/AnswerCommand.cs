using System.CommandLine;
using Stip.Client.Encoders;

namespace Stip.Gateway.Commands;

/// <summary><c>answer</c>: the part of a text that answers a question.</summary>
internal static class AnswerCommand
{
    private const int Most = 1000;

    public static Command Create()
    {
        var encoder = new EncoderCommand();
        var prompt = new PromptArgument();
        var question = new Option<string>("--question") { Description = "What is asked.", Required = true };
        var top = NumberOption.Create("--top-k", 1, 1, Most, "Answers to give.");
        var longest = NumberOption.Create("--max-answer-length", 15, 1, Most, "Most tokens of an answer.");
        var none = new Option<bool>("--allow-none")
        {
            Description = "That the text has no answer is one too (models of SQuAD 2).",
        };
        var command = new Command(
            "answer", "Answers a question from a text, PROMPT, with a protected extractive model.")
        {
            question, top, longest, none,
        };
        encoder.AddTo(command);
        prompt.AddTo(command);
        command.SetAction((parsed, cancellation) =>
        {
            var text = prompt.ReadText(parsed);
            var search = new AnswerSearch
            {
                TopK = parsed.GetValue(top),
                MaxAnswerLength = parsed.GetValue(longest),
                AllowsNone = parsed.GetValue(none),
            };
            return encoder.RunAsync(
                parsed,
                async model => new AnswersDocument(await new QuestionAnswerer(model).AnswerAsync(
                    parsed.GetRequiredValue(question), text, search, cancellation)),
                Print);
        });
        return command;
    }

    private static void Print(AnswersDocument document)
    {
        foreach (var answer in document.Answers)
        {
            Console.Out.WriteLine(answer.Answer.Length == 0
                ? FormattableString.Invariant($"{answer.Score,9:P1}  the text has no answer")
                : FormattableString.Invariant(
                    $"{answer.Score,9:P1}  {answer.Answer}  ({answer.Start} to {answer.End})"));
        }

        if (document.Answers.Count == 0)
        {
            Console.Out.WriteLine("the text has no answer");
        }
    }

    private sealed record AnswersDocument(IReadOnlyList<ExtractedAnswer> Answers);
}
