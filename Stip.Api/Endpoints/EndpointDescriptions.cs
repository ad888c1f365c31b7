using Stip.Protocol.Errors;

namespace Stip.Api.Endpoints;

/// <summary>What every endpoint says of itself in the OpenAPI document.</summary>
internal static class EndpointDescriptions
{
    public static RouteHandlerBuilder Refuses(this RouteHandlerBuilder builder, params int[] statuses)
    {
        foreach (var status in statuses)
        {
            builder.Produces<ErrorDocument>(status, ErrorDocument.MediaType);
        }

        return builder;
    }
}
