namespace Stip.Gateway.OpenAi.Answers;

/// <summary>An answer in one piece.</summary>
internal static class WholeAnswer
{
    public static async Task WriteAsync(HttpContext context, AnswerJobs jobs, IAnswerShape shape)
    {
        var choices = Enumerable.Range(0, jobs.Count).Select(_ => new AnswerChoice()).ToArray();
        var completionTokens = 0;
        await foreach (var part in jobs.RunAsync(context.RequestAborted))
        {
            choices[part.Index].Add(part);
            completionTokens++;
        }

        var whole = shape.Whole(choices, AnswerUsage.Of(jobs.PromptTokens, completionTokens));
        await context.Response.WriteAsJsonAsync(
            whole, whole.GetType(), OpenAiJson.Options, "application/json", context.RequestAborted);
    }
}
