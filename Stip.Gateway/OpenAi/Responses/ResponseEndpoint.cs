using Stip.Gateway.OpenAi.Answers;
using Stip.Gateway.OpenAi.Requests;
using Stip.Gateway.OpenAi.Tools;
using Stip.Gateway.Serving;

namespace Stip.Gateway.OpenAi.Responses;

/// <summary><c>POST /v1/responses</c>: text, images and results of functions in, text and calls out. Nothing is
/// stored.</summary>
internal static class ResponseEndpoint
{
    public static void MapResponses(this IEndpointRouteBuilder routes) => routes.MapPost("/v1/responses", AnswerAsync);

    private static async Task AnswerAsync(HttpContext context, ServedModels models, TimeProvider time)
    {
        var fields = await AnswerRequest.ReadBodyAsync(context.Request);
        ResponseFields.RefuseUnsupported(fields);
        UnsupportedFields.RefuseLanguages(fields);
        UnsupportedFields.RefuseFrame(fields, areAdded: false);
        var request = AnswerRequest.Read(
            fields, models, time, defaultMaxTokens: null, LogprobsField.OfResponse(fields));
        var tools = ToolFields.OfResponse(fields, request.Model);
        request = request.With(ResponseFormat.OfResponse(fields)).Constrain(tools);
        request = request with
        {
            Options = request.Options with
            {
                MaxNewTokens = fields.Integer("max_output_tokens", 1, int.MaxValue),
            },
        };
        var chat = ResponseInput.Read(fields, request.Model) with
        {
            Tools = tools?.List,
            Variables = TemplateVariables.Read(fields),
        };
        var (prompt, rows) = await chat.PlaceAsync(request.Model, context.RequestAborted);
        var jobs = new AnswerJobs(request, models.Sessions(request.Model), [prompt], rows, tools);
        jobs.CheckLengths("input");
        var shape = new ResponseShape(request, fields, prompt.Length, time.GetUtcNow().ToUnixTimeSeconds());
        if (request.Streams)
        {
            await new StreamedResponse(context, jobs, shape).WriteAsync();
        }
        else
        {
            await WholeAsync(context, jobs, shape);
        }
    }

    private static async Task WholeAsync(HttpContext context, AnswerJobs jobs, ResponseShape shape)
    {
        await foreach (var part in jobs.RunAsync(context.RequestAborted))
        {
            shape.Add(part);
        }

        await context.Response.WriteAsJsonAsync(
            shape.Response(), OpenAiJson.Options, "application/json", context.RequestAborted);
    }
}
