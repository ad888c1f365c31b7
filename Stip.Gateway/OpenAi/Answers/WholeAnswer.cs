using System.Text;

namespace Stip.Gateway.OpenAi.Answers;

/// <summary>An answer in one piece.</summary>
internal static class WholeAnswer
{
    public static async Task WriteAsync(HttpContext context, AnswerJobs jobs, IAnswerShape shape)
    {
        var texts = Enumerable.Range(0, jobs.Count).Select(_ => new StringBuilder()).ToArray();
        var reasons = new string[jobs.Count];
        var completionTokens = 0;
        await foreach (var part in jobs.RunAsync(context.RequestAborted))
        {
            texts[part.Index].Append(part.Token.Text);
            reasons[part.Index] = part.FinishReason ?? "";
            completionTokens++;
        }

        var whole = shape.Whole(
            [.. texts.Zip(reasons, (text, reason) => (text.ToString(), reason))],
            AnswerUsage.Of(jobs.PromptTokens, completionTokens));
        await context.Response.WriteAsJsonAsync(
            whole, whole.GetType(), OpenAiJson.Options, "application/json", context.RequestAborted);
    }
}
